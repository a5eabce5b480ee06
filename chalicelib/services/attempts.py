"""An attempt in the hands of whoever shows its token."""

from __future__ import annotations

from chalicelib.domain.errors import Conflict, ZhundianError
from chalicelib.domain.tasks import Task
from chalicelib.domain.text import Text
from chalicelib.repositories import logs, tasks
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.logs import Attempt
from chalicelib.services.tokens import holds


class Refused(ZhundianError):
    """The token is not, or no longer, that of the attempt or the deliveries."""

    code = "refused"


def refused() -> Refused:
    return Refused(Text("令牌无效或已被替换", "the token is wrong, or another has replaced it"))


def lock_both(tx: Transaction, log_id: int) -> tuple[Attempt, Task | None] | None:
    """Lock an attempt and its task; the task first, as everybody does, so that none deadlock."""
    glimpse = logs.task_of(tx, log_id)
    if glimpse is None:
        return None
    task_id = glimpse["task_id"]
    task = tasks.get(tx, task_id, lock=True) if task_id else None
    attempt = logs.get(tx, log_id, lock=True)
    return (attempt, task) if attempt else None


def hold(tx: Transaction, log_id: int, token: str) -> tuple[Attempt, Task | None]:
    """Lock an attempt and its task for the holder of its token. Raises Refused."""
    found = lock_both(tx, log_id)
    if found is None or not holds(token, found[0].token_hash):
        raise refused()
    return found


def hold_alone(tx: Transaction, log_id: int, token: str) -> Attempt:
    """Lock an attempt and not its task, which a tick would pass over. Raises Refused."""
    attempt = logs.get(tx, log_id, lock=True)
    if attempt is None or not holds(token, attempt.token_hash):
        raise refused()
    return attempt


def not_yours(attempt: Attempt) -> Conflict:
    return Conflict(
        Text(
            f"该次执行已由其他环境处理,状态为 {attempt.status}",
            f"this attempt is no longer yours; it is {attempt.status}",
        ),
        code="refused",
    )
