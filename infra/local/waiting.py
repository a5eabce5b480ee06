"""Events that wait for an environment: one line per tenant, and the tenants take turns."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator

from infra.local.runtime_api import Invocation


class Waiting:
    """First come, first served within a tenant; round robin between tenants."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[Invocation]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, invocation: Invocation) -> None:
        self._lines.setdefault(invocation.tenant, deque()).append(invocation)
        self._count += 1

    def tenants(self) -> Iterator[str]:
        """Those who wait, in the order of their turns; ask anew after each change."""
        return iter(self._lines)

    def count(self, tenant: str) -> int:
        return len(self._lines.get(tenant, ()))

    def since(self, tenant: str) -> float:
        """When the tenant's oldest event came; the tenant must be waiting."""
        return self._lines[tenant][0].since

    def pop(self, tenant: str) -> Invocation:
        """The tenant's oldest event; its turn is over then."""
        line = self._lines[tenant]
        invocation = line.popleft()
        self._count -= 1
        self.pass_turn(tenant)
        if not line:
            del self._lines[tenant]
        return invocation

    def pass_turn(self, tenant: str) -> None:
        self._lines.move_to_end(tenant)

    def pop_older(self, instant: float) -> list[Invocation]:
        """Take out all that came before `instant`."""
        old = []
        for tenant, line in list(self._lines.items()):
            while line and line[0].since < instant:
                old.append(line.popleft())
            if not line:
                del self._lines[tenant]
        self._count -= len(old)
        return old
