// For mongosh, inside the container of a member. Healthy is a primary, or a secondary of one.
// The first check makes the replica set of one node, where INITIATE_HOST names it.

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

// othersHoldTheSet is true where this member lost its volume: the others take it in again and copy the data to it. A set
// of its own would stand beside theirs, empty.
function othersHoldTheSet() {
  for (const host of ["mongo-2:27017", "mongo-3:27017"]) {
    try {
      const other = connect(`mongodb://${host}/admin?directConnection=true&serverSelectionTimeoutMS=1000`);
      if (other.hello().setName) {
        return true;
      }
    } catch {
      // There is no such member.
    }
  }
  return false;
}
