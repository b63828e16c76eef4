"""How the attack's alerts were grouped into incidents: rightly, torn in two, or with a stranger's alert among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from graphinvestigate.demo import draws
from graphinvestigate.demo.evidence import Scene
from graphinvestigate.demo.noise import noise_details
from graphinvestigate.demo.people import Cast, Person
from graphinvestigate.demo.plan import Draft, Planner

_CLOUD = ("mcas", "gov")
_STRANGE = ("smartscreen", "pua", "country", "mail_reported")


def grouped(
    cast: Cast, planner: Planner, draft: Draft, victim: Person, *, small: bool
) -> tuple[tuple[Draft, ...], tuple[Scene, ...]]:
    """Return the incidents that the attack's alerts are in, the main one first, and what does not belong there.

    The seed decides; seed 0 and tenants with few alerts have one incident with the attack's alerts and no other.
    """
    rng = draws.generator(cast.seed, "grouping")
    how = draws.weighted(rng, (("whole", 4), ("split", 2), ("stray", 2)))
    if cast.seed == 0 or small or how == "whole":
        return (draft,), ()
    if how == "split":
        cloud = tuple(scene for scene in draft.scenes if scene.template.service in _CLOUD)
        rest = tuple(scene for scene in draft.scenes if scene.template.service not in _CLOUD)
        return (replace(draft, scenes=rest), Draft("attack part", cloud)), ()
    others = [person for person in cast.people[5:-4] if person.laptop is not None and person is not victim]
    stranger, name = rng.choice(others), rng.choice(_STRANGE)
    scene = planner.scene(
        name,
        at=_between(draft.scenes, rng.random()),
        user=stranger,
        host=stranger.laptop if name in ("smartscreen", "pua") else None,
        address=rng.choice(cast.far),
        mood="unknown",
        details=noise_details(rng, cast, planner.count),
    )
    return (replace(draft, scenes=(*draft.scenes, scene)),), (scene,)


def _between(scenes: Sequence[Scene], place: float) -> int:
    first, last = min(scene.first for scene in scenes), max(scene.last for scene in scenes)
    return first + int((last - first) * place)
