"""The taxonomy as data: complete, in both languages, consistent."""

import re

from winback.reasons.taxonomy import FAMILY_CODES, LEAF_CODES, family_of, load_taxonomy


def test_sixteen_leaves_in_seven_families_named_in_both_languages() -> None:
    taxonomy = load_taxonomy()
    assert re.fullmatch(r"\d+\.\d+\.\d+", taxonomy.version)
    assert tuple(r.code for r in taxonomy.reasons if r.is_leaf) == LEAF_CODES
    assert {family_of(c) for c in LEAF_CODES} == set(FAMILY_CODES)
    for reason in taxonomy.reasons:
        assert reason.family == family_of(reason.code)
        assert re.search("[\u4e00-\u9fff]", reason.name_zh) and re.search("[\u4e00-\u9fff]", reason.definition_zh)
        assert reason.name_en and reason.definition_en and reason.controlled_by


def test_boundary_rules_reach_every_family_and_complaints_point_to_codes() -> None:
    taxonomy = load_taxonomy()
    assert {family_of(c) for rule in taxonomy.boundary_rules for c in rule.codes} == set(FAMILY_CODES)
    assert [t.tier for t in sorted(taxonomy.evidence_tiers, key=lambda t: t.rank)] == ["1", "2a", "2b", "3", "4"]
    points_to = {t.slug: t.evidence_for for t in taxonomy.complaint_types}
    assert (points_to["goods_price"], points_to["goods_quality"], points_to["service_attitude"]) == ("1b", "1", "4")
    assert sum(t.group == "core" for t in taxonomy.complaint_types) >= 6
