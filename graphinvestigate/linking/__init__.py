"""Who and what the records name, which of them are the same, and how they are linked. Knows no HTTP and no colours."""

from graphinvestigate.linking.annotating import annotate
from graphinvestigate.linking.attack import AttackStory, attack_story
from graphinvestigate.linking.blast import blast_radius
from graphinvestigate.linking.correlation import correlate_risk
from graphinvestigate.linking.entities import entities
from graphinvestigate.linking.entity_graph import entity_graph, merge_graphs, with_overrides
from graphinvestigate.linking.explain import why
from graphinvestigate.linking.find import find_entity
from graphinvestigate.linking.gaps import correlation_gaps
from graphinvestigate.linking.grouping import communities
from graphinvestigate.linking.hubs import find_hubs
from graphinvestigate.linking.mapped import map_records
from graphinvestigate.linking.mentions import mentions
from graphinvestigate.linking.nodes import ENTITY_KINDS, RECORD_KINDS, SEVERITIES, Entity, Record
from graphinvestigate.linking.pasted import find_mentions
from graphinvestigate.linking.ranking import rank_contributions, rank_entities
from graphinvestigate.linking.sameness import conflicts, why_same
from graphinvestigate.linking.triage import rank_incidents
from graphinvestigate.linking.walks import common, neighborhood
from graphinvestigate.linking.ways import Path, Paths, paths

__all__ = [
    "ENTITY_KINDS",
    "RECORD_KINDS",
    "SEVERITIES",
    "AttackStory",
    "Entity",
    "Path",
    "Paths",
    "Record",
    "annotate",
    "attack_story",
    "blast_radius",
    "common",
    "communities",
    "conflicts",
    "correlate_risk",
    "correlation_gaps",
    "entities",
    "entity_graph",
    "find_entity",
    "find_hubs",
    "find_mentions",
    "map_records",
    "mentions",
    "merge_graphs",
    "neighborhood",
    "paths",
    "rank_contributions",
    "rank_entities",
    "rank_incidents",
    "why",
    "why_same",
    "with_overrides",
]
