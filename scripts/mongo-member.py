"""member: a member of a replica set without replication, where no mongod can be had.

It is SecantusDB with the commands that make a replica set and change its members. The first member of the set stays its
primary for good: there are no elections. The other members learn the configuration from its heartbeats, refuse writes,
and hold no data.
"""

import argparse
import os
import pathlib
import signal
import sys
import threading
import time

import pymongo
from bson import json_util
from secantus import commands
from secantus.server import SecantusDBServer

SET = "rs0"
HEARTBEAT_SECONDS = 0.5
FOREVER = 10 * 365 * 24 * 3600


def refusal(code, code_name, message):
    """The answer of a command that fails."""
    return {"ok": 0.0, "code": code, "codeName": code_name, "errmsg": message}


class Member(SecantusDBServer):
    """A server that is known to the others by its name, HOST:PORT."""

    def __init__(self, name, storage_path, **options):
        super().__init__(storage_path=storage_path, replica_set_name=SET, enable_test_commands=False, **options)
        self.name = name
        self.file = pathlib.Path(storage_path, "replica-set.json")
        self.config = None
        self.seen = {}  # the name of another member: when it last answered, and with which version of the configuration
        self.plain_hello = commands._hello
        for command, handler in {
            "hello": self.hello,
            "isMaster": self.hello,
            "ismaster": self.hello,
            "replSetInitiate": self.initiate,
            "replSetReconfig": self.reconfigure,
            "replSetGetConfig": self.get_config,
            "replSetGetStatus": self.status,
            "replSetHeartbeat": self.heartbeat,
        }.items():
            commands._HANDLERS[command] = handler
        commands._NO_PRIVILEGE_COMMANDS |= {"replSetInitiate", "replSetReconfig", "replSetGetConfig", "replSetHeartbeat"}

    def start(self):
        self.adopt(json_util.loads(self.file.read_text()) if self.file.exists() else None)
        super().start()
        threading.Thread(target=self.send_heartbeats, daemon=True).start()

    def hosts(self):
        return [member["host"] for member in self.config["members"]] if self.config else []

    def is_primary(self):
        return self.hosts()[:1] == [self.name]

    def adopt(self, config):
        """Makes a configuration, which may be None, the one in force. Only the primary takes writes."""
        self.config = config
        # This also makes the clients ask again who is the primary.
        self.step_down_state.step_down_for(-1 if self.is_primary() else FOREVER)

    def store(self, config):
        """Keeps a configuration for the next start, and adopts it."""
        draft = self.file.with_suffix(".new")
        with draft.open("w") as file:
            file.write(json_util.dumps(config))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.file)
        self.adopt(config)

    # The commands.

    def hello(self, body, ctx):
        answer = self.plain_hello(body, ctx)
        if not answer.get("ok"):
            return answer
        primary, known = self.is_primary(), self.name in self.hosts()
        answer.update(isWritablePrimary=primary, ismaster=primary, secondary=known and not primary, me=self.name)
        for field in ("setName", "hosts", "passives", "arbiters", "primary"):
            answer.pop(field, None)
        if known:
            answer.update(setName=SET, hosts=self.hosts(), primary=self.hosts()[0], setVersion=self.config["version"])
        else:
            answer.update(isreplicaset=True, info="Does not have a valid replica set config")
        return answer

    def initiate(self, body, ctx):
        if self.config:
            return refusal(23, "AlreadyInitialized", "already initialized")
        config = dict(body["replSetInitiate"])
        if config.get("_id") != SET or [member["host"] for member in config["members"]] != [self.name]:
            return refusal(93, "InvalidReplicaSetConfig", f"{config} is not a set {SET} of {self.name} alone")
        self.store({**config, "version": 1, "term": 1})
        return {"ok": 1.0}

    def reconfigure(self, body, ctx):
        if not self.is_primary():
            return refusal(10107, "NotWritablePrimary", "only the primary changes the configuration")
        config = dict(body["replSetReconfig"])
        wanted, present = {member["host"] for member in config["members"]}, set(self.hosts())
        if len(wanted ^ present) > 1:
            return refusal(103, "NewReplicaSetConfigurationIncompatible", "only one voter may be added or removed at a time")
        if self.name not in wanted:
            return refusal(103, "NewReplicaSetConfigurationIncompatible", "the primary cannot be removed")
        if 2 * len(self.members_with_the_configuration()) <= len(present):
            return refusal(308, "CurrentConfigNotCommittedYet", "a majority does not have the present configuration yet")
        self.store(config)
        return {"ok": 1.0}

    def get_config(self, body, ctx):
        return {"config": self.config, "ok": 1.0} if self.config else self.not_initialized()

    def status(self, body, ctx):
        if not self.config:
            return self.not_initialized()
        members = []
        for member in self.config["members"]:
            host = member["host"]
            alive = host == self.name or time.monotonic() - self.seen.get(host, (0, 0))[0] < 5 * HEARTBEAT_SECONDS
            state = "PRIMARY" if host == self.hosts()[0] else "SECONDARY"
            if not self.is_primary() and host != self.name:
                alive = True  # Only the primary asks.
            if self.is_primary() and alive and host not in self.members_with_the_configuration():
                state = "STARTUP2"
            members.append(
                {
                    "_id": member["_id"],
                    "name": host,
                    "health": float(alive),
                    "stateStr": state if alive else "(not reachable/healthy)",
                    "self": host == self.name,
                }
            )
        return {"set": SET, "members": members, "ok": 1.0}

    def heartbeat(self, body, ctx):
        config = body["config"]
        if self.config is None or config["version"] > self.config["version"]:
            self.store(config)
        return {"version": self.config["version"], "ok": 1.0}

    def not_initialized(self):
        return refusal(94, "NotYetInitialized", "no replset config has been received")

    # The heartbeats of the primary.

    def members_with_the_configuration(self):
        now, version = time.monotonic(), self.config["version"]
        return [
            host
            for host in self.hosts()
            if host == self.name
            or (host in self.seen and now - self.seen[host][0] < 5 * HEARTBEAT_SECONDS and self.seen[host][1] == version)
        ]

    def send_heartbeats(self):
        clients = {}
        while True:
            time.sleep(HEARTBEAT_SECONDS)
            for host in self.hosts()[1:] if self.is_primary() else []:
                if host not in clients:
                    clients[host] = pymongo.MongoClient(
                        f"mongodb://{host}/?directConnection=true", serverSelectionTimeoutMS=500, connectTimeoutMS=500
                    )
                try:
                    answer = clients[host].admin.command("replSetHeartbeat", SET, config=self.config)
                    self.seen[host] = (time.monotonic(), answer["version"])
                except pymongo.errors.PyMongoError:
                    pass  # The member is away.


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True, help="HOST:PORT by which the others know this member")
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=27017)
    parser.add_argument("--dbpath", required=True)
    arguments = parser.parse_args()
    member = Member(
        arguments.name,
        host=arguments.bind,
        port=arguments.port,
        storage_path=arguments.dbpath,
        cache_size="256M",
        sync_on_commit=True,
    )

    def stop(*_):
        member.stop()
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    member.start()
    member.wait()


if __name__ == "__main__":
    main()
