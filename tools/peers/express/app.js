// The blog API of the tutorial, with Express and Mongoose: what gin-blog is measured beside. It differs from the
// tutorial in that the list has a limit and starts with the newest post.
//
// PORT, MONGO_URI and SECRET_KEY must be set.
import bcrypt from "bcryptjs";
import express from "express";
import jwt from "jsonwebtoken";
import mongoose from "mongoose";

const { MONGO_URI, PORT, SECRET_KEY } = process.env;
const pageSize = 20;

// gin-blog has made the indexes already.
mongoose.set("autoIndex", false);

const User = mongoose.model("User", new mongoose.Schema({
  username: { type: String, required: true },
  password: { type: String, required: true },
}));

const Post = mongoose.model("Post", new mongoose.Schema({
  title: { type: String, required: true },
  content: { type: String, required: true },
  tags: [String],
  author: { type: mongoose.Schema.Types.ObjectId, ref: "User" },
  createdAt: { type: Date, default: Date.now },
}));

function authenticate(req, res, next) {
  const token = req.headers.authorization?.split(" ")[1];
  if (!token) return res.status(401).json({ message: "Access denied" });
  try {
    req.user = jwt.verify(token, SECRET_KEY);
  } catch {
    return res.status(403).json({ message: "Invalid token" });
  }
  next();
}

const app = express();
app.use(express.json());

app.post("/auth/register", async (req, res) => {
  const { username, password } = req.body;
  await User.create({ username, password: await bcrypt.hash(password, 10) });
  res.status(201).json({ message: "User registered" });
});

app.post("/auth/login", async (req, res) => {
  const user = await User.findOne({ username: req.body.username });
  if (!user || !(await bcrypt.compare(req.body.password, user.password))) {
    return res.status(401).json({ message: "Invalid credentials" });
  }
  res.json({ token: jwt.sign({ id: user._id }, SECRET_KEY, { expiresIn: "1h" }) });
});

app.post("/posts", authenticate, async (req, res) => {
  const { title, content, tags } = req.body;
  const post = await Post.create({ title, content, tags, author: req.user.id });
  res.status(201).json({ message: "Post created", post });
});

app.get("/posts", async (req, res) => {
  res.json(await Post.find().sort({ _id: -1 }).limit(pageSize).populate("author", "username"));
});

app.get("/posts/:id", async (req, res) => {
  const post = await Post.findById(req.params.id).populate("author", "username");
  if (!post) return res.status(404).json({ message: "Post not found" });
  res.json(post);
});

await mongoose.connect(MONGO_URI);
app.listen(PORT, "127.0.0.1");
