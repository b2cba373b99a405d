// The reads of the tutorial's blog API, with Express and Mongoose: what gin-blog is measured beside. They differ from the
// tutorial's in that the list has a limit and starts with the newest post. PORT and MONGO_URI must be set.
import express from "express";
import mongoose from "mongoose";

const pageSize = 20;
mongoose.set("autoIndex", false); // gin-blog has made the indexes

mongoose.model("User", new mongoose.Schema({
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

const app = express();
app.use(express.json());

app.get("/posts", async (req, res) => {
  res.json(await Post.find().sort({ _id: -1 }).limit(pageSize).populate("author", "username"));
});

app.get("/posts/:id", async (req, res) => {
  const post = await Post.findById(req.params.id).populate("author", "username");
  if (!post) return res.status(404).json({ message: "Post not found" });
  res.json(post);
});

await mongoose.connect(process.env.MONGO_URI);
app.listen(process.env.PORT, "127.0.0.1");
