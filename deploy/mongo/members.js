// For mongosh, connected to the replica set. Makes its members those of MEMBERS, and ends when each of them holds the data.
// Run again, it changes nothing.

const want = process.env.MEMBERS.split(",");
const giveUpAt = Date.now() + 10 * 60 * 1000;
for (;;) {
  try {
    if (stepTowards(want)) {
      print(`The members are ${want.join(", ")}.`);
      quit(0);
    }
  } catch (error) {
    // Not yet possible, as long as the change before is on its way to the members.
    print(error.message);
  }
  if (Date.now() > giveUpAt) {
    quit(1);
  }
  sleep(2000);
}

// stepTowards makes one change at most, since MongoDB takes one voter at a time, and tells whether there is nothing to do.
function stepTowards(want) {
  const hosts = rs.conf().members.map((member) => member.host);
  const missing = want.find((host) => !hosts.includes(host));
  if (missing) {
    print(`Adding ${missing}.`);
    rs.add({ host: missing, priority: 0.5 }); // the first member is primary whenever it can be, so that it can be left alone
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
