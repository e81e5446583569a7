"""Keeps a load test inside its bounds, whoever started it: the command line, Locust's page, or a key in a terminal."""

import logging

import gevent
from flask import jsonify, request
from locust import events
from locust.runners import STATE_INIT, STATE_STOPPED, MasterRunner, WorkerRunner
from pacing import SETTINGS
from processes import check_processes, end_with_workers, part_of_a_run, quit_workers

from shoplab.core.errors import LabError
from shoplab.load import bounds
from shoplab.load.shapes import SHAPES, check_shape

log = logging.getLogger("load")


@events.init_command_line_parser.add_listener
def add_options(parser):
    group = parser.add_argument_group("The lab")
    group.add_argument("--rate", type=float, default=0.0, help="Requests a second of all users; 0: all they can")
    group.add_argument("--requests", type=int, default=bounds.MAX_REQUESTS, help="Stop after so many requests")
    group.add_argument("--arrivals", type=float, default=0.0, help="Requests a second of shoppers, due come what may")
    group.add_argument("--shape", default="steady", help=f"Of the arrivals: {', '.join(SHAPES)}")
    group.add_argument("--unknown", type=float, default=0.3, help="Share of the visits by strangers")
    parser.add_argument("--read-only", action="store_true", help="Shoppers send no events", include_in_web_ui=False)
    parser.add_argument("--seconds", type=int, default=0, help="Of the arrivals", include_in_web_ui=False)


@events.init.add_listener
def watch(environment, runner, web_ui, **_):
    check_processes(environment)
    if not isinstance(runner, MasterRunner):
        for user_class in environment.user_classes:
            user_class.load(environment)
    if isinstance(runner, WorkerRunner):
        part_of_a_run(environment)
        return
    environment.guard = Guard(environment)
    if isinstance(runner, MasterRunner):
        end_with_workers(environment)
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
        environment.over = self._over
        environment.events.request.add_listener(self._count)
        environment.events.worker_report.add_listener(self._count_all)
        environment.events.test_stopping.add_listener(self._ending)
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

    def _over(self):
        """All requests of the arrivals were due."""
        self.environment.figures.own.end()
        gevent.spawn(self._end)

    def _end(self):
        if isinstance(self.runner, MasterRunner):
            quit_workers(self.runner)
            return
        self.runner.quit() if self.environment.parsed_options.headless else self.runner.stop()

    def _prepare(self):
        self.sent, self.stopped = 0, ""
        self._timer = gevent.spawn_later(bounds.MAX_SECONDS, self.stop, f"{bounds.MAX_SECONDS:,} s, the bound")
        if isinstance(self.runner, MasterRunner):
            return  # its workers prepare themselves
        for user_class in self.runner.user_classes:
            user_class.prepare(self.environment)
        if self.environment.shape_class:
            self.environment.shape_class.reset_time()  # its clock starts with the load

    def _count(self, **_):
        self._stop_at(self.sent + 1)

    def _count_all(self, **_):
        """The requests of all processes, whenever one of them reports."""
        self._stop_at(self.runner.stats.total.num_requests)

    def _stop_at(self, sent):
        self.sent = sent
        most = min(self.environment.parsed_options.requests or bounds.MAX_REQUESTS, bounds.MAX_REQUESTS)
        if self.sent >= most:
            self.stop(f"{most:,} requests")

    def _ending(self, **_):
        for user_class in self.runner.user_classes:
            user_class.ending(self.environment)

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
    check_shape(form.get("shape") or "steady")
    if form.get("run_time"):
        bounds.seconds(form["run_time"])
