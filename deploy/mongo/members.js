// Runs in mongosh, connected to the replica set. It adds and removes members until they are those in MEMBERS, and ends
// when each of them holds the data. Run again, it changes nothing.

const want = process.env.MEMBERS.split(",");
const giveUpAt = Date.now() + 10 * 60 * 1000;
for (;;) {
  try {
    if (stepTowards(want)) {
      print(`The members are ${want.join(", ")}.`);
      quit(0);
    }
  } catch (error) {
    // MongoDB refuses a change until the one before has reached the members.
    print(error.message);
  }
  if (Date.now() > giveUpAt) {
    quit(1);
  }
  sleep(2000);
}

// stepTowards makes at most one change, because MongoDB adds or removes one voter at a time. It returns true if there is
// nothing left to do.
function stepTowards(want) {
  const hosts = rs.conf().members.map((member) => member.host);
  const missing = want.find((host) => !hosts.includes(host));
  if (missing) {
    print(`Adding ${missing}.`);
    // The priority is lower than the first member's, so that the first one is the primary and the others can be removed.
    rs.add({ host: missing, priority: 0.5 });
    return false;
  }
  const surplus = hosts.find((host) => !want.includes(host));
  if (surplus && want.includes(db.hello().primary)) {
    print(`Removing ${surplus}.`);
    rs.remove(surplus);
    return false;
  }
  return !surplus && rs.status().members.every(({ stateStr }) => stateStr === "PRIMARY" || stateStr === "SECONDARY");
}
