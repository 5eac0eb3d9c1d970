"""Refusals by collection's rules. The docstring is the message that the caller reads."""

from __future__ import annotations

from shared.errors import Kind, NotFound, Refusal, StateConflict


class NoPolicy(Refusal):
    """该统筹区当日无有效政策 (no policy is in force in this region on this day)"""

    kind = Kind.INVALID
    code = "POLICY_NOT_IN_FORCE"


class KindNotCovered(Refusal):
    """现行政策未覆盖该单位类型或工伤类别 (the policy has no rates for this unit kind or injury class)"""

    kind = Kind.INVALID
    code = "UNIT_KIND_NOT_COVERED"


class WageTotalMissing(Refusal):
    """现行政策以单位工资总额为基数,须申报工资总额 (the policy needs the unit's wage total)"""

    kind = Kind.INVALID
    code = "UNIT_WAGE_TOTAL_MISSING"


class FigureMissing(Refusal):
    """现行政策的缴费基数来源需要此数 (the policy takes a base from a figure that was not given)"""

    kind = Kind.INVALID
    code = "FIGURE_MISSING"


class AgeMissing(Refusal):
    """现行政策按年龄划入个人账户,须知参保人年龄 (the policy credits by age: ages are needed)"""

    kind = Kind.INVALID
    code = "AGE_MISSING"


class CreditAboveLevy(Refusal):
    """划入个人账户的金额超过单位缴费 (more would be credited to personal accounts than is levied)"""

    kind = Kind.INVALID
    code = "CREDIT_ABOVE_LEVY"


class StepUnknown(Refusal):
    """现行政策无此浮动档次,或不适用于该类别 (no such floating step for this injury class)"""

    kind = Kind.INVALID
    code = "INJURY_STEP_UNKNOWN"


class CategoryNotCovered(Refusal):
    """现行政策未规定该参保类别的征缴范围 (the policy has no rules for this category)"""

    kind = Kind.INVALID
    code = "CATEGORY_NOT_COVERED"


class BaseChoiceMissing(Refusal):
    """该参保类别须选择缴费档次 (this category must choose a base)"""

    kind = Kind.INVALID
    code = "BASE_CHOICE_MISSING"


class BaseChoiceUnknown(Refusal):
    """现行政策本所属期无此缴费档次 (the policy has no such choice in this period)"""

    kind = Kind.INVALID
    code = "BASE_CHOICE_UNKNOWN"


class NotOfContributions(StateConflict):
    """该单为加收(滞纳金、利息)通知单,不按缴费规则说明 (a bill of late charges, not of contributions)"""

    code = "NOT_OF_CONTRIBUTIONS"


class BaseFrozen(StateConflict):
    """本年度单位缴费基数已核定,只有建制转移、分离、合并方可重新核定 (the year's bases are frozen)"""

    code = "BASE_FROZEN"


class BaseReviewWaits(StateConflict):
    """本年度已有待核定的基数申报 (a review of this year is pending)"""

    code = "BASE_REVIEW_WAITS"


class NoBaseToCarry(Refusal):
    """上年度没有已核定的缴费基数可沿用 (last year has no confirmed base to carry over)"""

    kind = Kind.INVALID
    code = "NO_BASE_TO_CARRY"


class BaseYearOver(StateConflict):
    """跨年度的缴费基数一律不予核改 (a base can be corrected only within its own year)"""

    code = "BASE_YEAR_OVER"


class BaseNotFinal(StateConflict):
    """缴费基数尚未核定或为暂定,不能据以补收 (the base is not confirmed, or is provisional)"""

    code = "BASE_NOT_FINAL"


class CorrectionWaits(StateConflict):
    """此人已有待批的基数核改申请 (a correction of this person's base is pending)"""

    code = "BASE_CORRECTION_WAITS"


class PeriodNotBilled(StateConflict):
    """该所属期没有已出单的申报 (nothing was billed for that period)"""

    code = "NOTHING_BILLED"


class TotalTooLarge(Refusal):
    """合计金额超出系统上限 (the total is larger than the system can book)"""

    kind = Kind.INVALID
    code = "TOTAL_TOO_LARGE"


class PackExists(Refusal):
    """该统筹区已有同名政策版本,且内容不同 (a version of this name exists with other content)"""

    kind = Kind.CONFLICT
    code = "POLICY_EXISTS"


class ComparisonOutdated(Refusal):
    """该版本生效前一日执行的已不是所对比的版本,请重新查看差异后再批准 (the version in force on the day
    before is not the one that was compared with; look at the differences again)"""

    kind = Kind.CONFLICT
    code = "COMPARISON_OUTDATED"


class PolicyOverlaps(Refusal):
    """与已生效政策的日期重叠 (the days overlap with a policy in force)"""

    kind = Kind.CONFLICT
    code = "POLICY_OVERLAPS"


class UnitUnknown(NotFound):
    """未登记该单位 (no unit with this credit code)"""

    code = "UNIT_UNKNOWN"


class CertificateUnknown(NotFound):
    """无此证明 (no such certificate)"""

    code = "CERTIFICATE_UNKNOWN"


class UnitExists(Refusal):
    """该单位已登记,登记内容不同 (the unit is registered with different facts)"""

    kind = Kind.CONFLICT
    code = "UNIT_EXISTS"


class KeyCollision(Refusal):
    """标识冲突,须由系统管理员处理 (two natural keys have the same shard key; contact the operator)"""

    kind = Kind.CONFLICT
    code = "KEY_COLLISION"


class DeclarationExists(StateConflict):
    """该单位本所属期已有申报 (the unit already has a declaration for this period)"""

    code = "DECLARATION_EXISTS"


class DefaultWaits(StateConflict):
    """该所属期已按上月缴费额核定且已列入汇总,待出单后再补报 (levied by default; declare once it is billed)"""

    code = "DEFAULT_WAITS_FOR_BILL"


class CorrectionUnfinished(StateConflict):
    """该所属期有未办结的更正,须待其出单 (a correction of this month is not billed yet)"""

    code = "CORRECTION_PENDING"


class NotBilledYet(StateConflict):
    """该所属期的申报尚未出单,退回重报即可,不须更正 (not billed yet: have it returned and declare again)"""

    code = "NOT_BILLED_YET"


class NotACorrection(StateConflict):
    """只有更正申报可以撤回 (only a correction can be withdrawn)"""

    code = "NOT_A_CORRECTION"


class NotARestatedKind(StateConflict):
    """该申报按项目征收,不按月更正 (levied for a project, not for a month)"""

    code = "NOT_OF_A_MONTH"


class ChangeWaits(StateConflict):
    """该单位已有待复核的同类变更 (a change of this kind is pending for this unit)"""

    code = "CHANGE_WAITS"


class NothingChanges(Refusal):
    """申请内容与登记一致,无须变更 (the register already says this)"""

    kind = Kind.INVALID
    code = "NOTHING_CHANGES"


class ChangeOutOfOrder(StateConflict):
    """该事项已有更晚生效的变更 (a later change of the same facts is already in force)"""

    code = "CHANGE_OUT_OF_ORDER"


class RegisterMoved(StateConflict):
    """登记内容在申请后已有变动,须重新申请 (the register has changed since the request)"""

    code = "REGISTER_MOVED"


class SameUnit(Refusal):
    """转出与转入单位相同 (people cannot move to the unit they are already at)"""

    kind = Kind.INVALID
    code = "SAME_UNIT"


class InSummary(StateConflict):
    """已列入汇总表,须由市中心退回 (it is in a summary; only the centre can return it)"""

    code = "IN_SUMMARY"


class NotInSummary(StateConflict):
    """不在该汇总表内 (it is not in this summary)"""

    code = "NOT_IN_SUMMARY"


class NothingToSend(StateConflict):
    """没有已复核待汇总的申报 (no reviewed declaration is waiting for a summary)"""

    code = "NOTHING_TO_SEND"


class ControlTotalsDiffer(Refusal):
    """控制总数不符 (the control totals differ)"""

    kind = Kind.INVALID
    code = "CONTROL_TOTALS_DIFFER"


class DayInFuture(Refusal):
    """日期不得晚于今日 (the day is later than today)"""

    kind = Kind.INVALID
    code = "DAY_IN_FUTURE"
