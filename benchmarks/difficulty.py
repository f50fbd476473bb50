"""How hard Evergreen is: plain Splink in clear text with connected components, and ours.

Belongs here: both scores on one finished demonstration, the plain one with the threshold
that is best by the truth, which a state does not have. Does not: either way of linking.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.link_1m import unfold
from benchmarks.link_plain import clusters_at
from linkage import standardise
from pipelines.measurement import measure
from warehouse.deployment import Deployment
from warehouse.hub import Hub
from warehouse.opener import Session, Store

PEOPLE, MONTHS, SEED = 20_000, 24, 2023
THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999)
ROOT = Path(__file__).resolve().parents[1]
COMMONWEAL = Path(sys.executable).with_name("commonweal")


def call(*words: str) -> None:
    """Run a command of ours; its report goes to standard error."""
    subprocess.run([str(COMMONWEAL), *words], check=True, stdout=sys.stderr)


def plain_f1(session: Session, sources: tuple[str, ...], truth: Path) -> float:
    """Best cluster F1, over thresholds, of plain Splink on the vault's standardised values."""
    session.execute("CREATE OR REPLACE TEMP VIEW permitted_identity AS FROM vault.current_identity")
    standardise.latest_values(session.raw, sources)
    standardise.standardise(session.raw)
    unfold(session.raw)
    return max(_f1(session, clusters, truth) for clusters in clusters_at(session.raw, THRESHOLDS))


def _f1(session: Session, clusters: str, truth: Path) -> float:
    hit, made, real = session.execute(
        f"""WITH known AS (
                SELECT x.key AS node, t.person_id
                FROM read_csv(?, all_varchar = true) t
                JOIN vault.crosswalk x ON x.namespace = t.source AND x.source_id = t.record_id),
            cell AS (
                SELECT person_id, coalesce(cluster_id, -node) AS cluster, count(*) AS n
                FROM known LEFT JOIN {clusters} USING (node) GROUP BY ALL)
            SELECT (SELECT sum(n * (n - 1)) FROM cell),
                (SELECT sum(n * (n - 1)) FROM (SELECT sum(n) AS n FROM cell GROUP BY cluster)),
                (SELECT sum(n * (n - 1)) FROM (SELECT sum(n) AS n FROM cell GROUP BY person_id))""",
        [str(truth)],
    )[0]
    return float(2 * hit / (made + real))


def main() -> None:
    """Make the state, run it, and print both scores."""
    with tempfile.TemporaryDirectory() as place:
        size = ("--people", str(PEOPLE), "--months", str(MONTHS), "--seed", str(SEED))
        call("synth", *size, "--out", f"{place}/state")
        config, home = ROOT / "commonweal.toml", Path(place) / "home"
        call("--config", str(config), "--home", str(home), "run", "--landing", f"{place}/state/landing")
        truth = Path(place) / "state" / "truth" / "records.csv"
        with Hub.open(Deployment.load(config, home)) as hub:
            ours = measure(hub, truth)["clusters"]["f1"]["value"]
            with hub.opener.session(read=[Store.vault()]) as session:
                plain = plain_f1(session, hub.contracts.sources, truth)
    print(json.dumps({"people": PEOPLE, "f1": round(ours, 4), "plain_f1_best_threshold": round(plain, 4)}))


if __name__ == "__main__":
    main()
