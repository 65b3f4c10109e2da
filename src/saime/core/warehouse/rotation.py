"""Put a warehouse under the next generation of its key, in one step.

Only the person tables hold person keys. They are written anew beside the old ones, and one replacement of the manifest takes
them all, with the new key's fingerprint, in place of the old, which are then removed. Facts, numbers, partitions and the
history of corrections stay as they are. A rotation that was killed leaves the old state or the new one.
"""

from __future__ import annotations

from saime.core.durable import full_disk_is_told
from saime.core.warehouse.key_domains import rekey
from saime.core.warehouse.keys import check_fingerprint
from saime.core.warehouse.pseudonyms import PersonCipher
from saime.core.warehouse.retention import check_nothing_left
from saime.core.warehouse.store import Warehouse


def rotate_keys(warehouse: Warehouse, *, source: PersonCipher, target: PersonCipher) -> int:
    """Replace the person keys of ``source`` by those of ``target``. Unit: persons.

    Raises: BadInput if the warehouse is not under ``source``, or a person table is missing or damaged; TryLater if another
    change runs, the disk is full, or old files could not be removed.
    """
    with full_disk_is_told(warehouse.root, "rotating the key", lambda: _room_needed(warehouse)), warehouse.changing():
        check_fingerprint(source, warehouse.key_fingerprint, where=str(warehouse.root))
        manifest = warehouse.manifest
        written = []
        for file in manifest.persons:
            table = warehouse.persons(file.partition)
            written.append(warehouse.write_persons(file.partition, table.with_keys(rekey(table.key_bytes, source, target))))
        warehouse.switch(manifest.with_persons(written).model_copy(update={"key_fingerprint": target.fingerprint}))
        check_nothing_left(warehouse)
    return sum(file.rows for file in written)


def _room_needed(warehouse: Warehouse) -> int:
    return sum(file.bytes for file in warehouse.manifest.persons)
