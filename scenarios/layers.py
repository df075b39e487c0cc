"""The columns of each layer, with the Chinese and English headers that are understood."""

from __future__ import annotations

from dataclasses import replace

from geo.columns import Column, Schema
from geo.readers import Source
from geo.roads import ROADS_SCHEMA
from optimizer.alert_rules_repeats import BLUE, RED, YELLOW
from optimizer.alert_rules_visibility import DAY_MIN
from scenarios.case import Case
from scenarios.schema import Layer

KINDS = {
    "urban": "urban",
    "rural": "rural",
    "town": "urban",
    "城区": "urban",
    "城镇": "urban",
    "城市": "urban",
    "农村": "rural",
    "乡村": "rural",
    "乡镇": "rural",
}


def layer_source(case: Case, layer: Layer, schema: Schema, *, strict: bool) -> Source:
    """How a layer of a case is read.

    Args:
        case: The case.
        layer: What `case.yaml` says of the layer.
        schema: Its columns.
        strict: Whether a row with a wrong value is an error; otherwise it is set aside.
    """
    return Source(
        layer=schema.layer,
        path=case.layer_path(layer),
        shown=layer.path,
        sheet=layer.sheet,
        crs=layer.crs,
        columns=layer.columns,
        strict=strict,
    )


_LON = Column(name="lon", kind="lon", required=True, aliases=("经度", "lng", "longitude", "x"))
_LAT = Column(name="lat", kind="lat", required=True, aliases=("纬度", "latitude", "y"))


_MAYBE_LON, _MAYBE_LAT = replace(_LON, required=False), replace(_LAT, required=False)


def _count(name: str, *aliases: str, required: bool = True) -> Column:
    return Column(name=name, kind="count", required=required, minimum=0, aliases=aliases)


def _kind(*, required: bool) -> Column:
    return Column(
        name="kind",
        kind="choice",
        required=required,
        choices=KINDS,
        aliases=("类型", "城乡", "类别", "kind_of_place"),
    )


_PERSONNEL = (
    _count("firearm_officers", "持枪民警", "持枪资格", required=False),
    _count("case_officers", "办案民警", "办案资格", required=False),
    _count("traffic_law_officers", "交通执法民警", "交通执法资格", required=False),
    _count("overdue_officers", "任职期满民警", "任职超期", required=False),
    Column(name="is_hardship", kind="yes_no", required=False, aliases=("艰苦岗位", "艰苦")),
)
"""What is known of a unit's officers besides their number."""

STATIONS = Schema(
    layer="stations",
    columns=(
        Column(
            name="station_id",
            kind="id",
            required=True,
            aliases=("编号", "派出所编号", "所编号", "id"),
        ),
        Column(name="name", kind="text", required=True, aliases=("名称", "派出所", "派出所名称")),
        _LON,
        _LAT,
        _kind(required=True),
        _count("officers", "民警", "民警数", "实有民警", "实有", "警力"),
        _count(
            "authorised_officers",
            "编制",
            "编制数",
            "核定编制",
            "authorized_officers",
            required=False,
        ),
        _count("auxiliaries", "辅警", "辅警数", required=False),
        Column(name="can_bundle", kind="yes_no", required=False, aliases=("可捆绑", "可合并")),
        Column(name="can_host", kind="yes_no", required=False, aliases=("可作中心", "可作中心所")),
        _count("max_officers", "容纳警力", "最多民警", "办公容量", required=False),
        Column(name="has_window", kind="yes_no", required=False, aliases=("户籍窗口", "有窗口")),
        _count("community_teams", "社区警务组", "警务组数", required=False),
        *_PERSONNEL,
    ),
    geometry="any",
    unique=("station_id",),
)

CELLS = Schema(
    layer="cells",
    columns=(
        Column(
            name="cell_id", kind="id", required=True, aliases=("单元编号", "编号", "村编号", "id")
        ),
        Column(
            name="station_id",
            kind="id",
            required=True,
            aliases=("派出所编号", "所编号", "管辖派出所", "beat"),
        ),
        Column(name="township", kind="text", required=False, aliases=("乡镇", "镇街", "乡镇街道")),
        Column(
            name="population",
            kind="number",
            required=False,
            minimum=0,
            aliases=("人口", "户籍人口", "常住人口"),
        ),
        _kind(required=False),
        _LON,
        _LAT,
    ),
    prefix_columns=("alerts_per_year",),
    geometry="any",
    unique=("cell_id",),
)


def _only_required(schema: Schema, *names: str) -> Schema:
    return replace(
        schema, columns=tuple(replace(c, required=c.name in names) for c in schema.columns)
    )


# Boundaries and counts may come in two files; then neither must have every column.
CELL_BOUNDARIES = _only_required(CELLS, "cell_id", "lon", "lat")
CELL_ATTRIBUTES = replace(
    _only_required(CELLS, "cell_id"), layer="cell_attributes", geometry="none"
)
# Stations whose seats are looked for among their cells need not say where they stand.
STATIONS_WITHOUT_SEATS = _only_required(
    STATIONS, *(c.name for c in STATIONS.columns if c.required and c.name not in ("lon", "lat"))
)

SQUADS = Schema(
    layer="squads",
    columns=(
        Column(name="squad_id", kind="id", required=True, aliases=("中队编号", "编号", "id")),
        Column(name="name", kind="text", required=True, aliases=("名称", "中队", "中队名称")),
        _LON,
        _LAT,
        _count("officers", "民警", "民警数", "实有民警", "警力"),
        Column(
            name="stations",
            kind="id_list",
            required=True,
            aliases=("辖区派出所", "管辖派出所", "辖区"),
        ),
        _count("auxiliaries", "辅警", "辅警数", required=False),
        *_PERSONNEL,
        _count("vehicles", "车辆", "警车", "车辆数", required=False),
        _count("speed_guns", "测速仪", "测速仪数", required=False),
    ),
    prefix_columns=("equipment",),
    geometry="any",
    unique=("squad_id",),
)

CHECKPOINTS = Schema(
    layer="checkpoints",
    columns=(
        Column(
            name="checkpoint_id", kind="id", required=True, aliases=("编号", "检查站编号", "id")
        ),
        Column(name="name", kind="text", required=True, aliases=("名称", "检查站", "检查站名称")),
        _LON,
        _LAT,
        Column(name="hours", kind="text", required=True, aliases=("值守时段", "时段")),
        _count("officers", "民警", "民警数", "值守民警"),
    ),
    geometry="any",
    unique=("checkpoint_id",),
)

UNITS = Schema(
    layer="units",
    columns=(
        Column(name="unit_id", kind="id", required=True, aliases=("单位编号", "编号", "id")),
        Column(name="name", kind="text", required=True, aliases=("名称", "单位", "单位名称")),
        Column(name="kind", kind="text", required=False, aliases=("类型", "警种")),
        _count("officers", "民警", "民警数", "实有民警", "警力"),
        _count(
            "authorised_officers",
            "编制",
            "编制数",
            "核定编制",
            "authorized_officers",
            required=False,
        ),
        Column(
            name="required_officers",
            kind="number",
            required=False,
            minimum=0,
            aliases=("需要警力", "所需警力"),
        ),
        Column(
            name="workload_officer_min_per_year",
            kind="number",
            required=False,
            minimum=0,
            aliases=("工作量", "年工作量分钟"),
        ),
        Column(name="can_give", kind="yes_no", required=False, aliases=("可调出",)),
        Column(name="can_receive", kind="yes_no", required=False, aliases=("可调入",)),
        _count("auxiliaries", "辅警", "辅警数", required=False),
        *_PERSONNEL,
        _MAYBE_LON,
        _MAYBE_LAT,
    ),
    geometry="none",
    unique=("unit_id",),
)

ALERTS = Schema(
    layer="alerts",
    columns=(
        Column(
            name="alert_id", kind="id", required=False, aliases=("警情编号", "编号", "接警单编号")
        ),
        Column(
            name="occurred_at",
            kind="time",
            required=True,
            minimum=2000,
            maximum=2035,
            aliases=("报警时间", "接警时间", "发生时间", "时间"),
        ),
        Column(
            name="category", kind="text", required=False, aliases=("警情类别", "类别", "警情类型")
        ),
        Column(name="cell_id", kind="id", required=False, aliases=("单元编号", "村编号")),
        _MAYBE_LON,
        _MAYBE_LAT,
    ),
    geometry="any",
    unique=("alert_id",),  # a call logged twice is set aside, not counted twice
)

ALERT_TIMES = replace(
    ALERTS,
    columns=(
        *ALERTS.columns,
        Column(name="priority", kind="count", minimum=1, aliases=("优先级", "警情等级", "等级")),
        Column(name="dispatched_at", kind="time", aliases=("派警时间", "出动时间", "指派时间")),
        Column(name="arrived_at", kind="time", aliases=("到场时间", "到达时间", "到达现场时间")),
        Column(
            name="cleared_at", kind="time", aliases=("结束时间", "处置完毕时间", "处警结束时间")
        ),
        Column(name="officers_sent", kind="count", minimum=1, aliases=("出警人数", "派出警力")),
    ),
)
"""The same log with what happened after each alert, for those who ask how long it took."""

KEY_AREAS = Schema(
    layer="key_areas",
    columns=(
        Column(
            name="key_area_id", kind="id", required=True,
            aliases=("编号", "id", "重点部位编号", "area_id"),
        ),
        Column(name="name", kind="text", required=True, aliases=("名称", "重点部位", "重点区域")),
        Column(name="lon", kind="lon", required=True, aliases=("经度", "lng", "longitude")),
        Column(name="lat", kind="lat", required=True, aliases=("纬度", "latitude")),
        Column(
            name="minutes", kind="number", required=True, minimum=1, maximum=DAY_MIN,
            aliases=("驻守分钟", "每班分钟", "分钟", "minutes_per_shift"),
        ),
        Column(
            name="visits", kind="count", minimum=1, maximum=12, default=1,
            aliases=("次数", "每班次数", "巡逻次数"),
        ),
        Column(name="window", kind="text", aliases=("时段", "时间窗")),
        Column(
            name="minutes_today", kind="number", minimum=0, maximum=DAY_MIN,
            aliases=("目前分钟", "现有分钟", "today_min"),
        ),
        Column(
            name="grade", kind="choice", aliases=("等级", "级别", "红黄蓝"),
            choices={RED: RED, YELLOW: YELLOW, BLUE: BLUE, "红": RED, "黄": YELLOW, "蓝": BLUE,
                     "红色": RED, "黄色": YELLOW, "蓝色": BLUE},
        ),
        Column(
            name="alerts_per_year", kind="number", minimum=0,
            aliases=("年警情", "夜间年警情", "night_alerts_per_year"),
        ),
        Column(name="station_id", kind="text", aliases=("派出所编号", "派出所", "管辖派出所")),
        Column(
            name="origin", kind="choice", aliases=("来源",), default="given",
            choices={"given": "given", "modelled": "modelled", "原始": "given", "推算": "modelled"},
        ),
    ),
    geometry="none",
    unique=("key_area_id",),
)  # fmt: skip
"""Key areas (重点部位); `scenarios.key_areas` reads them."""

BOUNDARY = Schema(layer="boundary", columns=(), geometry="polygon", unique=())

__all__ = [
    "ALERTS",
    "ALERT_TIMES",
    "BOUNDARY",
    "CELLS",
    "CHECKPOINTS",
    "KEY_AREAS",
    "ROADS_SCHEMA",
    "SQUADS",
    "STATIONS",
    "UNITS",
    "layer_source",
]
