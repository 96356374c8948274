"""Words of the public: tips put together from many openings, observations, details and endings.

Right and wrong tips are put together from the same parts, chosen at random.
"""

from __future__ import annotations

import numpy as np

_OPENINGS = (
    "您好，",
    "匿名反映：",
    "本人是附近居民，",
    "本人曾在该单位工作，",
    "作为同行反映一个情况：",
    "实名举报，",
    "转来信访件：",
    "向贵局反映，",
    "听朋友说，",
    "无意中发现，",
    "",
    "再次来信，",
    "我是一名承包商员工，",
    "领导好，",
    "据内部人员透露，",
)
_OBSERVED = {
    "false_report": (
        "{who}上报的煤耗与实际进煤车次对不上",
        "{who}的化验单像是补出来的，日期都排得很整齐",
        "{when}{who}机组一直满负荷，报的排放却比以前低",
        "{who}烟囱在线数据很平，和负荷没什么关系",
        "{who}的煤样经常是集中送检，再分月出报告",
        "怀疑{who}碳排放数据做了调整",
        "{who}的皮带秤很久没有校准，数字还在照报",
        "{who}月报里的低位发热量几个月几乎一样",
        "{when}{who}的监测设备经常显示维护，其实没有停",
        "{who}采样不按规定，人工挑煤样",
        "{who}上报的产量比税务口径少",
        "{who}外购燃料没有全部入账",
        "{who}以前没有列进名录，但烟气量很大",
        "{who}迟迟不交报告，问起来说系统有问题",
    ),
    "manipulation": (
        "{who}的几个账户之间来回倒配额",
        "{when}尾盘价格被{who}拉上去，随后就卖了",
        "{who}挂了很多大单又马上撤掉",
        "怀疑{who}和对手方事先说好价格成交",
        "{who}大宗价格明显低于挂牌价",
        "{when}{who}提前知道消息，大量买入",
        "{who}用亲属名义开户交易",
        "群里有人说{who}在收货，准备年底涨价",
        "{who}与关联公司对敲，成交量是虚的",
        "{who}一天之内买进卖出好多次，不像正常履约",
        "拍卖时{who}和另外几家报价像商量过",
        "{who}手里配额很多却一直不卖，市场上买不到",
    ),
    "no_surrender": (
        "{who}资金困难，可能不打算履约",
        "{who}把配额都卖了，年底恐怕交不上",
        "{when}{who}还没有清缴，听说要拖",
        "{who}欠缴配额，换了法人代表",
        "{who}停产检修，配额缺口没有人管",
        "{who}用减排量抵得太多，不知是否合规",
    ),
    "false_verification": (
        "{who}核查只做了书面审查，没有去现场",
        "{who}核查人员是挂名的，现场来的不是本人",
        "{who}一天跑了好几个厂，报告当天就出",
        "{who}出的检测报告编号连着，时间对不上",
        "{who}一边做咨询一边做核查",
        "{who}的检测量超过了设备能力",
        "{who}给几家企业用的是同一份模板",
    ),
    "other": (
        "{who}现场管理混乱",
        "{who}夜间噪声和粉尘很大",
        "{who}公示的数字偏大",
        "{who}不肯公开碳排放信息",
        "{who}员工反映加班多、待遇差",
        "{who}拿到的量比同行多，不知道怎么算的",
        "{who}和旁边那家好像是同一个地方",
        "{who}网站上的披露信息打不开",
        "{who}账面和实际对不上",
    ),
}
_DETAILS = (
    "",
    "，具体数字我说不清",
    "，有照片可以提供",
    "，希望查一下台账",
    "，前后差了大概{percent}%",
    "，时间大约在{when}",
    "，前后持续了{count}个多星期",
    "，涉及大约{count}万吨",
    "，这种情况不是第一次",
    "，厂里不少人都知道",
    "，只是怀疑，没有证据",
    "，录音在我手里",
    "，已向集团反映过，没有下文",
    "，对周边企业不公平",
)
_ENDINGS = (
    "。",
    "。请核实。",
    "，请尽快处理。",
    "。望保密。",
    "，希望回复。",
    "。谢谢！",
    "，请有关部门重视。",
    "。如有不实愿意配合说明。",
    "。请不要透露我的信息。",
    "，盼复",
)
_NOBODY = (
    "有的企业",
    "我们这边一家厂",
    "园区里某企业",
    "某交易账户",
    "某家机构",
    "一家公司",
    "附近的电厂",
)
_TIMES = ("{month}月份", "{month}月前后", "{month}月上旬", "{month}月底", "前阵子", "最近", "有段时间")
_NAMELESS = ("该单位", "这家公司", "这家企业", "他们", "该厂", "对方")


def tip_text(rng: np.random.Generator, category: str, name: str | None, month: int) -> str:
    """One tip; `name` is whom it is about (None: nobody in particular), `month` when it was (1 to 12)."""
    who = _one(rng, _NOBODY) if name is None else name if rng.random() < 0.6 else _one(rng, _NAMELESS)
    when = _one(rng, _TIMES).format(month=month)
    body = _one(rng, _OPENINGS) + _one(rng, _OBSERVED[category]) + _one(rng, _DETAILS) + _one(rng, _ENDINGS)
    return body.format(who=who, when=when, percent=int(rng.integers(3, 40)), count=int(rng.integers(1, 12)))


def _one(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]
