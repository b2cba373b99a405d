// Runs in mongosh, in the container of a member. A member is healthy if it is primary or secondary.
// In the container that has INITIATE_HOST, the first check makes a replica set of that one member.

try {
  rs.status();
} catch (error) {
  if (error.codeName !== "NotYetInitialized" || !process.env.INITIATE_HOST || othersHoldTheSet()) {
    print(error.message);
    quit(1);
  }
  rs.initiate({ _id: "rs0", members: [{ _id: 0, host: process.env.INITIATE_HOST }] });
}

const { isWritablePrimary, secondary } = db.hello();
if (!isWritablePrimary && !secondary) {
  print("neither primary nor secondary");
  quit(1);
}

// othersHoldTheSet returns true if the other members have a replica set already. Then this member has lost its volume:
// it must not make a new, empty set. The others take it back and copy the data to it.
function othersHoldTheSet() {
  for (const host of ["mongo-2:27017", "mongo-3:27017"]) {
    try {
      const other = connect(`mongodb://${host}/admin?directConnection=true&serverSelectionTimeoutMS=1000`);
      if (other.hello().setName) {
        return true;
      }
    } catch {
      // The member does not run.
    }
  }
  return false;
}
