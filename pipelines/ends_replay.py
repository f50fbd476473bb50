"""A restored backup must not revive what was destroyed since: purges are done again first.

Belongs here: certificates the registry does not know, and doing their endings again.
Does not: restoring files (backup.py), or an ending's steps (`warehouse.ends`).

Every run looks, not the restore alone: a home whose restore was killed is caught too.
"""

import shutil
from pathlib import Path

from assets.ends import carry_on
from assets.workplace import Workplace
from data_sharing_agreements.ends import is_genuine
from data_sharing_agreements.errors import IntegrityFault
from data_sharing_agreements.registry.ends import Ending
from pipelines.occupation import occupy
from warehouse.deployment import Deployment
from warehouse.ends.again import SUFFIX, plan_again
from warehouse.ends.certificate import read_certificate
from warehouse.hub import Hub


def bring_certificates(deployment: Deployment, given: Path) -> None:
    """Copy certificates someone kept into a home, beside those it has."""
    deployment.certificates.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in sorted(given.iterdir()):
        target = deployment.certificates / path.name
        if path.suffix in {".json", ".html", SUFFIX} and not target.exists():
            shutil.copyfile(path, target)
            target.chmod(0o600)


def unknown_certificates(hub: Hub) -> list[Path]:
    """Return certificates of the home that the registry does not know: a backup was restored."""
    known = {ending.id for ending in hub.registry.ends.all()}
    return [path for path in sorted(hub.deployment.certificates.glob("*.json")) if path.stem not in known]


def replay(workplace: Workplace) -> list[Ending]:
    """Do the endings of unknown certificates again, in the order in which they were begun.

    Raises:
        IntegrityFault: A certificate is not this hub's, or record keys are missing.
    """
    hub = workplace.hub
    found = [(read_certificate(path), path) for path in unknown_certificates(hub)]
    done = []
    for certificate, path in sorted(found, key=lambda one: str(one[0].get("begun_at"))):
        if not is_genuine(certificate, hub.keys.public_key()):
            raise IntegrityFault.of(
                "certificate-false",
                f"The certificate {path.stem} is not what this hub signed.",
                why="What a restored home destroys again rests on signed certificates alone.",
                next="Take the false one out of the home's certificates, and run again.",
            )
        sealed = path.with_suffix(SUFFIX)
        again = plan_again(hub, certificate, sealed.read_bytes() if sealed.exists() else None)
        done.append(carry_on(workplace, again))
    return done


def replay_restored(deployment: Deployment) -> list[str]:
    """Take a home that was just restored, so that what was destroyed since is destroyed again.

    Returns:
        Ids of the endings done again.

    Raises:
        IntegrityFault: The backup is older than a purge and its keys are gone, or as `replay`.
    """
    if not any(deployment.certificates.glob("*.json")):
        return []
    with Hub.open(deployment) as hub:
        waiting = [path.stem for path in unknown_certificates(hub)]
    try:
        with occupy(deployment, "restore"):
            return waiting
    except IntegrityFault as fault:
        if not waiting or fault.details[0].code != "store-unreadable":
            raise
    raise IntegrityFault.of(
        "backup-before-purge",
        "This backup was made before something was destroyed, and its keys went with that.",
        why="A purge gives every store a new key and destroys the old one.",
        next="Restore a backup made after it, or give the keys of the backup's own time with --keys-from.",
    )
