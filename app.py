"""Every Lambda function of Zhundian, on one screen."""

from __future__ import annotations

import json
from typing import Any

from chalice.app import Chalice, CloudWatchEvent, SQSEvent

from chalicelib import wiring
from chalicelib.builder import function as builder
from chalicelib.routes import (
    ai,
    api_keys,
    calendar_days,
    data_sources,
    health,
    holds,
    master_keys,
    notification_channels,
    overview,
    scheduled_tasks,
    secrets,
    task_logs,
    task_variables,
    tenants,
    wecom_apps,
)
from chalicelib.routes.methods import refuse_other_methods
from chalicelib.sandbox import function as sandbox
from chalicelib.services.broker import answer
from chalicelib.services.dispatching import dispatch as dispatch_due
from chalicelib.services.launching import launch as launch_messages

app = Chalice(app_name="zhundian")

# api_handler: the HTTPS API; API Gateway calls `app` itself.
RESOURCES = (
    ai,
    api_keys,
    calendar_days,
    data_sources,
    health,
    holds,
    master_keys,
    notification_channels,
    overview,
    scheduled_tasks,
    secrets,
    task_logs,
    task_variables,
    tenants,
    wecom_apps,
)
for resource in RESOURCES:
    app.register_blueprint(resource.routes)
refuse_other_methods(app)

# sandbox: carries out one attempt. Lambda loads it from its own module, without this one.
app.register_blueprint(sandbox.bp)

# builder: fetches a script's packages, runs none of their code. Its own module, as well.
app.register_blueprint(builder.bp)


@app.schedule("cron(* * * * ? *)")
def dispatch(event: CloudWatchEvent) -> None:
    """Every minute: plan what is due soon, send it, find what got lost."""
    dispatch_due(wiring.platform())


@app.on_sqs_message(queue="runs", batch_size=10)
def launch(event: SQSEvent) -> dict[str, Any]:
    """Start each run at its second; what the sandbox does not take goes back to the queue."""
    messages = [(r.to_dict()["messageId"], json.loads(r.body)) for r in event]
    failed = launch_messages(wiring.platform(), messages)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


@app.lambda_function(name="broker")
def broker(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer a sandbox, for its own attempt or deliveries only."""
    return answer(wiring.platform(), event)
