"""Investigate threats in a Microsoft tenant from Jupyter.

``import graphinvestigate as gi`` does no work: each name below is loaded when it is first used. What writes to the
tenant stands apart, in ``gi.actions``.
"""

from __future__ import annotations

TYPE_CHECKING = False  # what type checkers take for true; `typing` alone would double the time of this import

if TYPE_CHECKING:  # for editors and type checkers; at run time each name is loaded when it is first used
    from graphinvestigate.cases import (
        Case as Case,
        Difference as Difference,
        Replay as Replay,
        diff as diff,
        open_case as open_case,
    )
    from graphinvestigate.cases.freezing import freeze_notebook as freeze_notebook
    from graphinvestigate.cases.redaction import (
        Redactor as Redactor,
        open_lookup as open_lookup,
        redact as redact,
    )
    from graphinvestigate.client import (
        GraphClient as GraphClient,
        connect_emulator as connect_emulator,
    )
    from graphinvestigate.client.connect import connect as connect
    from graphinvestigate.demo import (
        connect_demo as connect_demo,
    )
    from graphinvestigate.errors import (
        AmbiguousEntityError as AmbiguousEntityError,
        AuthError as AuthError,
        BadFileError as BadFileError,
        BadRequestError as BadRequestError,
        BadResponseError as BadResponseError,
        EndpointRetiredError as EndpointRetiredError,
        EntityNotFoundError as EntityNotFoundError,
        GraphError as GraphError,
        GraphInvestigateError as GraphInvestigateError,
        LicenceMissingError as LicenceMissingError,
        NetworkError as NetworkError,
        NotSavedError as NotSavedError,
        PagingLoopError as PagingLoopError,
        PartialResultError as PartialResultError,
        PermissionMissingError as PermissionMissingError,
        ProxyInterceptError as ProxyInterceptError,
        RecordNotFoundError as RecordNotFoundError,
        RedactionLeakError as RedactionLeakError,
        SecretFoundError as SecretFoundError,
        ServiceError as ServiceError,
        StoppedError as StoppedError,
        ThrottledError as ThrottledError,
        UsageError as UsageError,
    )
    from graphinvestigate.exports import (
        export_graph as export_graph,
        to_csv as to_csv,
        to_xlsx as to_xlsx,
    )
    from graphinvestigate.frames import (
        evidence as evidence,
        read_records as read_records,
    )
    from graphinvestigate.linking import (
        AttackStory as AttackStory,
        Entity as Entity,
        Path as Path,
        Record as Record,
        annotate as annotate,
        attack_story as attack_story,
        blast_radius as blast_radius,
        common as common,
        communities as communities,
        conflicts as conflicts,
        correlate_risk as correlate_risk,
        correlation_gaps as correlation_gaps,
        find_entity as find_entity,
        find_hubs as find_hubs,
        find_mentions as find_mentions,
        map_records as map_records,
        merge_graphs as merge_graphs,
        neighborhood as neighborhood,
        paths as paths,
        rank_contributions as rank_contributions,
        rank_entities as rank_entities,
        rank_incidents as rank_incidents,
        why as why,
        why_same as why_same,
        with_overrides as with_overrides,
    )
    from graphinvestigate.linking.entities import entities as entities
    from graphinvestigate.linking.entity_graph import entity_graph as entity_graph
    from graphinvestigate.notes import Note as Note
    from graphinvestigate.pivots import (
        Pivot as Pivot,
        pivot as pivot,
    )
    from graphinvestigate.queries import (
        Refresh as Refresh,
        check_access as check_access,
        get_alert as get_alert,
        get_host_reputation as get_host_reputation,
        get_incident as get_incident,
        get_user as get_user,
        list_alerts as list_alerts,
        list_directory_audits as list_directory_audits,
        list_incidents as list_incidents,
        list_named_locations as list_named_locations,
        list_passive_dns as list_passive_dns,
        list_risk_detections as list_risk_detections,
        list_risky_service_principals as list_risky_service_principals,
        list_risky_user_history as list_risky_user_history,
        list_risky_users as list_risky_users,
        list_secure_score_control_profiles as list_secure_score_control_profiles,
        list_secure_scores as list_secure_scores,
        list_service_principal_risk_detections as list_service_principal_risk_detections,
        list_sign_ins as list_sign_ins,
        list_user_devices as list_user_devices,
        refresh as refresh,
        run_hunting_query as run_hunting_query,
    )
    from graphinvestigate.queries.coverage import coverage as coverage
    from graphinvestigate.scale import (
        Lake as Lake,
    )
    from graphinvestigate.scale.presets import (
        read_table as read_table,
    )
    from graphinvestigate.views import (
        plot_entity_graph as plot_entity_graph,
        plot_timeline as plot_timeline,
    )
    from graphinvestigate.widgets import (
        AlertPicker as AlertPicker,
        EntityExplorer as EntityExplorer,
        TimelineView as TimelineView,
        Workbench as Workbench,
    )

_HOME = {
    "AlertPicker": "widgets",
    "AmbiguousEntityError": "errors",
    "AttackStory": "linking",
    "AuthError": "errors",
    "BadFileError": "errors",
    "BadRequestError": "errors",
    "BadResponseError": "errors",
    "Case": "cases",
    "Difference": "cases",
    "EndpointRetiredError": "errors",
    "Entity": "linking",
    "EntityExplorer": "widgets",
    "EntityNotFoundError": "errors",
    "GraphClient": "client",
    "GraphError": "errors",
    "GraphInvestigateError": "errors",
    "Lake": "scale",
    "LicenceMissingError": "errors",
    "NetworkError": "errors",
    "NotSavedError": "errors",
    "Note": "notes",
    "PagingLoopError": "errors",
    "PartialResultError": "errors",
    "Path": "linking",
    "PermissionMissingError": "errors",
    "Pivot": "pivots",
    "ProxyInterceptError": "errors",
    "Record": "linking",
    "RecordNotFoundError": "errors",
    "RedactionLeakError": "errors",
    "Redactor": "cases.redaction",
    "Refresh": "queries",
    "Replay": "cases",
    "SecretFoundError": "errors",
    "ServiceError": "errors",
    "StoppedError": "errors",
    "ThrottledError": "errors",
    "TimelineView": "widgets",
    "UsageError": "errors",
    "Workbench": "widgets",
    "annotate": "linking",
    "attack_story": "linking",
    "blast_radius": "linking",
    "check_access": "queries",
    "common": "linking",
    "communities": "linking",
    "conflicts": "linking",
    "connect": "client",
    "connect_demo": "demo",
    "connect_emulator": "client",
    "correlate_risk": "linking",
    "correlation_gaps": "linking",
    "coverage": "queries",
    "diff": "cases",
    "entities": "linking",
    "entity_graph": "linking",
    "evidence": "frames",
    "export_graph": "exports",
    "find_entity": "linking",
    "find_hubs": "linking",
    "find_mentions": "linking",
    "freeze_notebook": "cases.freezing",
    "get_alert": "queries",
    "get_host_reputation": "queries",
    "get_incident": "queries",
    "get_user": "queries",
    "list_alerts": "queries",
    "list_directory_audits": "queries",
    "list_incidents": "queries",
    "list_named_locations": "queries",
    "list_passive_dns": "queries",
    "list_risk_detections": "queries",
    "list_risky_service_principals": "queries",
    "list_risky_user_history": "queries",
    "list_risky_users": "queries",
    "list_secure_score_control_profiles": "queries",
    "list_secure_scores": "queries",
    "list_service_principal_risk_detections": "queries",
    "list_sign_ins": "queries",
    "list_user_devices": "queries",
    "map_records": "linking",
    "merge_graphs": "linking",
    "neighborhood": "linking",
    "open_case": "cases",
    "open_lookup": "cases.redaction",
    "paths": "linking",
    "pivot": "pivots",
    "plot_entity_graph": "views",
    "plot_timeline": "views",
    "rank_contributions": "linking",
    "rank_entities": "linking",
    "rank_incidents": "linking",
    "read_records": "frames",
    "read_table": "scale.presets",
    "redact": "cases.redaction",
    "refresh": "queries",
    "run_hunting_query": "queries",
    "to_csv": "exports",
    "to_xlsx": "exports",
    "why": "linking",
    "why_same": "linking",
    "with_overrides": "linking",
}

__all__ = sorted(_HOME)  # noqa: PLE0605 (the tests prove that it is the list of what can be imported)
__version__ = "0.1.0"

_MODULES = {"actions"}  # used by their own name: `gi.actions.stage(…)`


def __getattr__(name: str) -> object:
    import importlib

    if name in _MODULES:
        return importlib.import_module(f"graphinvestigate.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'graphinvestigate' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"graphinvestigate.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, *_MODULES})
