"""Shapes of construction projects (建设项目), their quotes and their certificates."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from services.collection.common.schemas.common import Day
from services.collection.levy.schemas import LevyTotalsOut, LineOut, SourceOut
from services.collection.project.domain import Contract, Project
from services.collection.project.flows.project import (
    ProjectDetails,
    ProjectQuote,
    ProjectRegistration,
)
from services.collection.project.store import ProjectCertificate, ProjectPaper
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, CreditCode, In, Out, PositiveYuan, ShortText, YuanOut

ProjectNumber = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,39}$"),
    Field(
        examples=["1201012021070101"], description="施工许可或项目编号 (the project's own number)"
    ),
]


class ContractIn(In):
    """A contract sum, the document that states it, and the day of signing."""

    contract_sum: PositiveYuan
    signed_on: Day
    source_paper: ShortText = Field(examples=["施工合同 2021-建-017"])


class ProjectIn(ContractIn):
    """A project to be registered."""

    credit_code: CreditCode = Field(examples=["91120101MA05K0TH1H"])
    number: ProjectNumber
    name: ShortText = Field(examples=["和平区南京路一号地块"])
    starts_on: Day
    ends_on: Day

    def registration(self) -> ProjectRegistration:
        """Build the registration."""
        return ProjectRegistration(
            credit_code=self.credit_code,
            number=self.number,
            name=self.name,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            contract=Contract(
                version=1,
                contract_fen=self.contract_sum,
                signed_on=self.signed_on,
                source_paper=self.source_paper,
            ),
        )


class ProjectQuoteIn(In):
    """A project to be quoted; nothing is stored."""

    region: Code | None = None
    starts_on: Day
    contract_sum: PositiveYuan


class ContractOut(Out):
    """A version of the contract sum."""

    version: int
    contract_sum: YuanOut
    signed_on: date
    source_paper: str


class ProjectPaperOut(Out):
    """A declaration of a project, and its bill."""

    number: int
    declaration: str
    status: str
    contract_version: int
    total: YuanOut
    bill: str | None

    @classmethod
    def of(cls, unit_id: int, paper: ProjectPaper) -> ProjectPaperOut:
        """Build the answer."""
        bill = None if paper.bill_id is None else Ref(unit_id, paper.bill_id).text(Reference.BILL)
        return cls(
            number=paper.number,
            declaration=Ref(unit_id, paper.declaration_id).text(Reference.DECLARATION),
            status=paper.status,
            contract_version=paper.contract_version,
            total=paper.total_fen,
            bill=bill,
        )


class ProjectHeadOut(Out):
    """A project without its declarations. `period` is the month for which it is declared."""

    id: str = Field(examples=[Reference.PROJECT.example])
    credit_code: str
    district: str
    number: str
    name: str
    starts_on: date
    ends_on: date
    period: str
    contract_sum: YuanOut
    contracts: list[ContractOut]

    @classmethod
    def of(cls, project: Project) -> ProjectHeadOut:
        """Build the list item."""
        return cls(**cls._members(project))

    @classmethod
    def _members(cls, project: Project) -> dict[str, Any]:
        return dict(
            id=Ref(project.unit_id, project.id).text(Reference.PROJECT),
            credit_code=project.credit_code,
            district=project.district,
            number=project.number,
            name=project.name,
            starts_on=project.starts_on,
            ends_on=project.ends_on,
            period=str(project.period),
            contract_sum=project.contract.contract_fen,
            contracts=[
                ContractOut(
                    version=contract.version,
                    contract_sum=contract.contract_fen,
                    signed_on=contract.signed_on,
                    source_paper=contract.source_paper,
                )
                for contract in project.contracts
            ],
        )


class ProjectOut(ProjectHeadOut):
    """A project with its declarations."""

    papers: list[ProjectPaperOut]

    @classmethod
    def with_papers(cls, details: ProjectDetails) -> ProjectOut:
        """Build the answer."""
        project = details.project
        papers = [ProjectPaperOut.of(project.unit_id, paper) for paper in details.papers]
        return cls(**cls._members(project), papers=papers)


class ProjectQuoteOut(Out):
    """Quoted lines, their totals, and the sources that they cite.

    In a line's explanation, floor and ceiling are the bounds of its tier.
    """

    policy: str = Field(examples=["tianjin-2025"])
    lines: list[LineOut]
    totals: LevyTotalsOut
    sources: dict[str, SourceOut]

    @classmethod
    def of(cls, quote: ProjectQuote) -> ProjectQuoteOut:
        """Build the answer."""
        cited = {line.rate.source for line in quote.lines}
        return cls(
            policy=quote.policy.pack,
            lines=[LineOut.of(line) for line in quote.lines],
            totals=LevyTotalsOut.of(quote.totals),
            sources={
                name: SourceOut(text=text, certain=certain)
                for name, (text, certain) in quote.policy.sources.items()
                if name in cited
            },
        )


class ProjectCertificateIn(In):
    """The day on which the project was paid in full."""

    as_of: Day


class ProjectCertificateOut(Out):
    """Certificate that a project's contributions were paid in full on a day."""

    id: str = Field(examples=[Reference.PROJECT_CERTIFICATE.example])
    number: str = Field(examples=["GC-91120101MA05K0TH1H-2021-0001"])
    project: str
    credit_code: str
    district: str
    as_of: date
    contract_sum: YuanOut
    paid: YuanOut
    issued_by: str
    issued_at: datetime

    @classmethod
    def of(cls, row: ProjectCertificate) -> ProjectCertificateOut:
        """Build the answer."""
        return cls(
            id=Ref(row.unit_id, row.id).text(Reference.PROJECT_CERTIFICATE),
            number=row.number,
            project=Ref(row.unit_id, row.project_id).text(Reference.PROJECT),
            credit_code=row.credit_code,
            district=row.district,
            as_of=row.as_of,
            contract_sum=row.contract_fen,
            paid=row.paid_fen,
            issued_by=row.issued_by,
            issued_at=row.issued_at,
        )
