"""Principals: people, and the clients of machines or of people; which of them may exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.cn import credit_code
from shared.errors import Fault, Kind, NotFound, Refusal, StateConflict
from shared.roles import CENTRE, Caller, Level, Role
from shared.security.person_name import folded
from shared.security.tokens import UNITS_MAX

NAME_PATTERN: Final = r"^[\w.@-]{1,64}$"
SUBJECT_PATTERN: Final = r"^[!-~]{1,255}$"
"""Form of an OpenID provider's name for a person (OpenID Connect Core, section 2: ASCII, 255 at most)."""
_RESERVED: Final = frozenset({"ledger", "shipped"})
"""Papers of the system itself bear these names, some without a second person: nobody else may."""


class PrincipalKind(StrEnum):
    """The kind of a principal."""

    PERSON = "person"
    CLIENT = "client"


class PrincipalState(StrEnum):
    """The state of a principal."""

    ACTIVE = "active"
    DISABLED = "disabled"


class PrincipalUnknown(NotFound):
    """未登记的人员或客户端 (no such person or client)"""

    code = "PRINCIPAL_UNKNOWN"


class PrincipalExists(Refusal):
    """名称已被使用(大小写、全半角、空格不计) (the name is taken, in whatever case, width or blanks)"""

    kind = Kind.CONFLICT
    code = "PRINCIPAL_EXISTS"


class SubjectTaken(Refusal):
    """该外部账号已与另一人员关联 (that account of the provider belongs to another person)"""

    kind = Kind.CONFLICT
    code = "SUBJECT_TAKEN"


class PrincipalMoved(StateConflict):
    """提出后其角色、分中心或单位已变更,请重新提出 (its role, district or units have changed since the proposal: propose again)"""

    code = "PRINCIPAL_MOVED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A person, or a client that a machine or a person signs in with.

    `person` is the person behind a client; `organisation` owns a machine or employs a person.
    `units` are the only units that it acts for, None without such a limit. `provider_subject` is
    what the site's OpenID provider calls a person who signs in there. `version` grows with every
    change, so that older tokens are refused.
    """

    name: str
    kind: PrincipalKind
    role: Role
    district: str = CENTRE
    display: str = ""
    organisation: str | None = None
    person: str | None = None
    units: tuple[str, ...] | None = None
    provider_subject: str | None = None
    state: PrincipalState = PrincipalState.ACTIVE
    version: int = 1

    @property
    def is_active(self) -> bool:
        """Return whether it may sign in, as far as it is concerned itself."""
        return self.state is PrincipalState.ACTIVE

    def caller(self) -> Caller:
        """Return the caller that its tokens speak for: the person behind a client, if any."""
        return Caller(
            subject=self.person or self.name,
            client=self.name,
            role=self.role,
            district=self.district,
            units=None if self.units is None else frozenset(self.units),
        )


def faults_in(new: Principal, districts: frozenset[str], person: Principal | None) -> list[Fault]:
    """List everything that is wrong with a new principal.

    Args:
        new: the principal.
        districts: codes of this installation's districts.
        person: the principal that `new.person` names, None when there is none.
    """
    return [
        *_name_faults(new),
        *_district_faults(new, districts),
        *_person_faults(new, person),
        *_unit_faults(new),
        *_subject_faults(new),
    ]


def _name_faults(new: Principal) -> Iterator[Fault]:
    if not re.fullmatch(NAME_PATTERN, new.name):
        yield Fault(
            "/name",
            "NAME_MALFORMED",
            "名称须为 1 至 64 个字母、汉字、数字或 . _ @ - (1 to 64 letters, digits or . _ @ -)",
        )
    if folded(new.name) in _RESERVED:
        yield Fault(
            "/name",
            "NAME_RESERVED",
            "名称由系统自用 (the system itself is recorded under this name)",
        )


def _district_faults(new: Principal, districts: frozenset[str]) -> Iterator[Fault]:
    if new.district not in districts:
        yield Fault("/district", "DISTRICT_UNKNOWN", "未知的分中心 (unknown district)")
    elif (new.role.level is Level.DISTRICT) == (new.district == CENTRE):
        yield Fault(
            "/district",
            "DISTRICT_UNFIT",
            "分中心角色须指明分中心,其他角色不得指明 (district roles name their district, others do not)",
        )


def _person_faults(new: Principal, person: Principal | None) -> Iterator[Fault]:
    if new.kind is PrincipalKind.PERSON:
        if not new.role.is_person:
            yield Fault("/role", "ROLE_UNFIT", "此角色属于机器 (this role is a machine's)")
        return
    if new.role.is_person:
        fits = person is not None and person.kind is PrincipalKind.PERSON
        if not fits or person is None:
            yield Fault(
                "/person",
                "PERSON_MISSING",
                "人员角色的客户端须指明其背后的人员 (a client with a person's role names the person)",
            )
        elif (person.role, person.district) != (new.role, new.district):
            yield Fault(
                "/role", "ROLE_UNFIT", "客户端的角色须与其人员相同 (a client has its person's role)"
            )
    elif new.person is not None:
        yield Fault("/person", "PERSON_UNFIT", "机器角色没有人员 (a machine has no person)")
    elif not new.organisation:
        yield Fault(
            "/organisation",
            "ORGANISATION_MISSING",
            "机器客户端须指明所属单位 (a machine's client names its organisation)",
        )


def _subject_faults(new: Principal) -> Iterator[Fault]:
    subject = new.provider_subject
    if subject is None:
        return
    if new.kind is not PrincipalKind.PERSON:
        yield Fault(
            "/provider_subject",
            "SUBJECT_UNFIT",
            "只有人员可关联外部账号 (only a person has an account of the provider)",
        )
    if not re.fullmatch(SUBJECT_PATTERN, subject):
        yield Fault(
            "/provider_subject",
            "SUBJECT_MALFORMED",
            "外部账号须为 1 至 255 个可见的 ASCII 字符 (1 to 255 visible ASCII characters)",
        )


def _unit_faults(new: Principal) -> Iterator[Fault]:
    if new.units is None:
        return
    if new.role is not Role.EMPLOYER_PORTAL:
        yield Fault(
            "/units", "UNITS_UNFIT", "仅申报大厅可限定单位 (only a portal is limited to units)"
        )
    if not 1 <= len(new.units) <= UNITS_MAX:
        yield Fault(
            "/units", "UNITS_COUNT", f"须为 1 至 {UNITS_MAX} 个单位 (1 to {UNITS_MAX} units)"
        )
    for number, code in enumerate(new.units):
        if not credit_code.is_valid(code):
            yield Fault(
                f"/units/{number}",
                "CREDIT_CODE_MALFORMED",
                "统一社会信用代码有误 (bad credit code)",
            )
