"""Keeps a load test inside its bounds, whoever started it: the command line, Locust's page, or a key in a terminal."""

import logging

import gevent
from flask import jsonify, request
from locust import events
from locust.runners import STATE_INIT, STATE_STOPPED, LocalRunner
from pacing import SETTINGS

from shoplab.core.errors import LabError
from shoplab.load import bounds

log = logging.getLogger("load")


@events.init_command_line_parser.add_listener
def add_options(parser):
    group = parser.add_argument_group("The lab")
    group.add_argument("--rate", type=float, default=0.0, help="Requests a second of all users; 0: all they can")
    group.add_argument("--requests", type=int, default=bounds.MAX_REQUESTS, help="Stop after so many requests")


@events.init.add_listener
def watch(environment, runner, web_ui, **_):
    if not isinstance(runner, LocalRunner):
        raise SystemExit("lab: the load test runs in one process: leave out --processes, --master and --worker")
    environment.guard = Guard(environment)
    for user_class in environment.user_classes:
        user_class.load()
    gevent.sleep(0)  # gevent's clock stood still so far, and would cut --run-time short by that
    if web_ui:
        web_ui.app.before_request(refuse)


class Guard:
    """Stands in front of `runner.start`, and ends the run when its time, requests or bytes are used up."""

    def __init__(self, environment):
        self.environment = environment
        self.runner = environment.runner
        self.stopped = ""  # why a run ended before its time
        self.sent = 0
        self._timer = None
        self._start, self.runner.start = self.runner.start, self.start
        environment.events.request.add_listener(self._count)
        environment.events.test_stop.add_listener(self._clear)

    def start(self, user_count, spawn_rate, *more, **options):
        """Starts or changes a run: at most MAX_USERS, to the lab only."""
        try:
            targets = [user_class.target for user_class in self.runner.user_classes]
            bounds.check_targets(SETTINGS, targets, self.environment.host or "")
            if self.runner.state in (STATE_INIT, STATE_STOPPED) and self._timer is None:
                self._prepare()
        except LabError as error:
            self._give_up(error)
            return
        self._start(min(user_count, bounds.MAX_USERS), min(spawn_rate, bounds.MAX_USERS), *more, **options)

    def stop(self, reason):
        """Ends the run. May be called by a user, more than once."""
        if not self.stopped:
            self.stopped = reason
            log.warning("lab: %s", reason)
            gevent.spawn(self._end)

    def _end(self):
        self.runner.quit() if self.environment.parsed_options.headless else self.runner.stop()

    def _prepare(self):
        self.sent, self.stopped = 0, ""
        self._timer = gevent.spawn_later(bounds.MAX_SECONDS, self.stop, f"{bounds.MAX_SECONDS:,} s, the bound")
        for user_class in self.runner.user_classes:
            user_class.prepare()
        if self.environment.shape_class:
            self.environment.shape_class.reset_time()  # its clock starts with the load

    def _count(self, **_):
        self.sent += 1
        most = min(self.environment.parsed_options.requests or bounds.MAX_REQUESTS, bounds.MAX_REQUESTS)
        if self.sent >= most:
            self.stop(f"{most:,} requests")

    def _clear(self, **_):
        if self._timer is not None:
            self._timer.kill(block=False)
            self._timer = None
        for user_class in self.runner.user_classes:
            try:
                user_class.clear()
            except LabError as error:
                log.error("lab: %s", error)

    def _give_up(self, error):
        log.error("lab: %s", error)
        self._clear()
        if self.environment.parsed_options.headless:
            self.environment.process_exit_code = error.exit_code
            gevent.spawn(self.runner.quit)


def refuse():
    """Before each request to Locust's page: another site's page may not start a test, nor may a test leave the lab."""
    try:
        bounds.check_address(request.host)
        if request.headers.get("Origin", request.host_url.rstrip("/")) != request.host_url.rstrip("/"):
            return "only Locust's own page may do that", 403
        if request.path != "/" and request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return "only Locust's own page may do that", 403
        if request.method == "POST" and request.path == "/user":
            return "user classes are changed in loadtest/, not here", 403
        if request.method == "POST" and request.path == "/swarm":
            _check_form(request.form)
    except LabError as error:
        return jsonify({"success": False, "message": str(error), "host": ""})
    return None


def _check_form(form):
    if form.get("host"):
        bounds.check_targets(SETTINGS, [bounds.SHOPPERS], form["host"])
    if form.get("user_count", "").isdigit() and int(form["user_count"]) > bounds.MAX_USERS:
        raise LabError(f"{bounds.MAX_USERS} users at most")
    if form.get("run_time"):
        bounds.seconds(form["run_time"])
