"""A run of several Locust processes on this machine: a master that counts, and its workers that send."""

import logging

import gevent
import psutil
from locust.rpc import Message
from locust.runners import LocalRunner, MasterRunner

from shoplab.core.errors import LabError
from shoplab.load.bounds import SHOPPERS, is_lab_host

OVER = "over"

log = logging.getLogger("load")


def check_processes(environment):
    """Bounds that each process keeps by itself hold for shoppers that arrive: only these run in several. SystemExit
    else, and with it for the workers, who would look for their master for minutes.
    """
    if isinstance(environment.runner, LocalRunner) or not (problem := _problem(environment)):
        return
    for worker in psutil.Process().children():
        worker.terminate()
    raise SystemExit(f"lab: {problem}")


def _problem(environment):
    options, targets = environment.parsed_options, {user_class.target for user_class in environment.user_classes}
    if not options.processes:
        return "the load test runs on this machine: leave out --master and --worker; see --processes"
    if not is_lab_host(options.master_bind_host) or not is_lab_host(options.master_host):
        return "with --processes add --master-bind-host 127.0.0.1 --master-host 127.0.0.1"
    if targets != {SHOPPERS} or options.arrivals <= 0 or not options.seconds or not options.headless:
        return "--processes is for shoppers alone, with --headless, --arrivals and --seconds"
    return ""


def part_of_a_run(environment):
    """In a worker: before its users come, what they need; and a word to the master when all its requests were due."""

    def over():
        environment.figures.own.end()
        environment.runner.send_message(OVER)

    def prepare(**_):
        try:
            for user_class in environment.user_classes:
                user_class.prepare(environment)
            environment.figures.own.reset()
        except LabError as error:
            log.error("lab: %s", error)
            environment.over()

    def ending(**_):
        for user_class in environment.user_classes:
            user_class.ending(environment)

    environment.over = over
    environment.events.test_start.add_listener(prepare)
    environment.events.test_stopping.add_listener(ending)


def end_with_workers(environment):
    """In the master: the run is over when it is for all workers."""
    over = set()

    def count(msg, **_):
        over.add(msg.node_id)
        if len(over) == environment.parsed_options.processes:
            environment.over()

    environment.runner.register_message(OVER, count)


def quit_workers(runner: MasterRunner):
    """They answer what is under way, report and leave; with the last of them the run ends. Locust's own end of a run
    waits half a second for these reports.
    """
    for client in runner.clients.all:
        runner.server.send_to_client(Message("quit", None, client.id))
    gevent.spawn_later(30, runner.quit)
