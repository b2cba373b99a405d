package seed

// topic is what a post is about: its tags, titles for it, and paragraphs that go together in any order.
type topic struct {
	tags       [2]string
	titles     []string
	paragraphs []string
}

// topics are what posts are about.
func topics() []topic {
	return []topic{
		ginTopic(),
		tokensTopic(),
		mongoDBTopic(),
		sqliteTopic(),
		httpTopic(),
		testingTopic(),
		dockerTopic(),
		postmanTopic(),
		speedTopic(),
		writingTopic(),
	}
}

func ginTopic() topic {
	return topic{
		tags: [2]string{"go", "gin"},
		titles: []string{
			"A first API with Go and Gin", "What I like about Gin", "From Express to Gin in a weekend",
			"Middleware, explained with a kitchen", "Handlers that return errors",
		},
		paragraphs: []string{
			"A handler in Gin gets a context and writes an answer. That is almost all there is to know. The rest is " +
				"ordinary Go: functions, structs and errors that you can read from top to bottom.",
			"Middleware runs around the handler. Use it for what every request needs, such as an id, a log line and a " +
				"limit for the body. Keep rules of the blog out of it.",
			"My handlers return an error, and one function turns it into an answer. Since then, no status code is set in " +
				"two places, and the tests became shorter.",
			"The whole server is one file of some 20 MB. I copy it to the machine and start it. No `node_modules`, no " +
				"version manager, no surprises.",
		},
	}
}

func tokensTopic() topic {
	return topic{
		tags: [2]string{"jwt", "security"},
		titles: []string{
			"Access and refresh tokens without tears", "How long should a token live?", "What is inside a JWT?",
			"Logging out is harder than it looks", "Do not keep secrets in the code",
		},
		paragraphs: []string{
			"An access token is a key card that expires soon. A refresh token is the letter with which you get a new card. " +
				"Send the card with every request, and the letter only to the front desk.",
			"Everybody can read a token, because it is only encoded. Nobody can change it without the secret, because it " +
				"is signed. So put an id into it, and never a password.",
			"If a token lives for a week, a thief has a week. With 15 minutes and a refresh, a stolen token is old news " +
				"before it is sold.",
			"Logout means that the server remembers something. A row for each session is enough, and it lets people see " +
				"where else they are logged in.",
		},
	}
}

func mongoDBTopic() topic {
	return topic{
		tags: [2]string{"mongodb", "database"},
		titles: []string{
			"Indexes I wish I had made earlier", "Paging through a million documents", "One document or two?",
			"What a write concern buys you", "Moving a collection while people read it",
		},
		paragraphs: []string{
			"`skip` and `limit` are fine for ten pages. For ten thousand, ask for the documents after the last id that " +
				"you have seen. The last page then costs as much as the first.",
			"Every query that a page needs should be able to walk along one index. `explain` tells you whether it does. " +
				"Look at the number of documents examined, not at the milliseconds.",
			"I keep together what is read together. An author's name changes rarely but is shown with every post, so I " +
				"look it up in the same query and store only the id.",
			"With `w: majority` an answer means that the write survives the loss of a server. It costs a few " +
				"milliseconds. I have stopped to argue about them.",
		},
	}
}

func sqliteTopic() topic {
	return topic{
		tags: [2]string{"sqlite", "database"},
		titles: []string{
			"SQLite is enough for my blog", "Write-ahead logging in five minutes", "Backing up a file that is in use",
			"Full-text search without a server", "One writer, many readers",
		},
		paragraphs: []string{
			"My whole database is a file next to the program. There is no port, no password and no second process to " +
				"watch. For a blog, that is a feature.",
			"In WAL mode, readers do not wait for the writer, and the writer does not wait for readers. Turn it on once, " +
				"and the file remembers it.",
			"Never copy a database with `cp` while somebody writes to it. Use the backup command, which takes a " +
				"consistent copy page by page, and then restore it once to be sure.",
			"A virtual table makes search fast: each word points to the rows that have it. Triggers keep the table up to " +
				"date, so the program cannot forget to.",
		},
	}
}

func httpTopic() topic {
	return topic{
		tags: [2]string{"http", "api"},
		titles: []string{
			"ETags by example", "404 or 400?", "Idempotency keys for everybody", "What Cache-Control really says",
			"Small things that make an API pleasant",
		},
		paragraphs: []string{
			"An `ETag` is a fingerprint of an answer. The client sends it back, and if nothing has changed, the server " +
				"says 304 and sends no body. Both sides save work.",
			"The same header protects writes. With `If-Match`, a change happens only if nobody else was faster. Without " +
				"it, the last one wins, and the first one never learns of it.",
			"A phone in a tunnel does not know whether its post arrived. With a key in the header, it simply sends the " +
				"post again, and the server makes one of the two.",
			"Error messages are part of the interface. Say which field is wrong and what would be right. Somebody will " +
				"read them at three in the morning, and it may be you.",
		},
	}
}

func testingTopic() topic {
	return topic{
		tags: [2]string{"testing", "go"},
		titles: []string{
			"Test through the front door", "A test that cannot fail", "Why I stopped to mock the database",
			"Fuzzing found it in a minute", "Tables make tests readable",
		},
		paragraphs: []string{
			"I send a request and look at the answer, as a client would. Such tests survive every change of the code " +
				"behind them, and they break when a client would notice.",
			"After I have written a test, I break the code and watch it fail. One in ten does not. Those are the most " +
				"expensive tests there are.",
			"A mock answers what I believe the database does. The database has its own opinion. An empty one starts in " +
				"milliseconds, so I use that.",
			"A fuzzer has no idea what is reasonable, and that is its strength. It tried a title of nothing but spaces, " +
				"and it was right to.",
		},
	}
}

func dockerTopic() topic {
	return topic{
		tags: [2]string{"docker", "deployment"},
		titles: []string{
			"An image of 12 MB", "Stopping without dropping requests", "Health checks that mean something",
			"My deployment on one page", "Three replicas and a proxy",
		},
		paragraphs: []string{
			"The image has one file in it, and no shell. There is little to update and little to attack. For a look " +
				"inside, I start a second container beside it.",
			"At SIGTERM the server first says that it is not ready, then finishes what it has begun, and then ends. The " +
				"order matters, because the load balancer needs a second to notice.",
			"Two checks are enough: does the process answer at all, and can it do its work now? Restart it for the first, " +
				"and send it no requests for the second.",
			"Set a limit for the memory and see what happens when it is reached. It is better to learn that on a Tuesday " +
				"than on a holiday.",
		},
	}
}

func postmanTopic() topic {
	return topic{
		tags: [2]string{"postman", "api"},
		titles: []string{
			"A collection that tests itself", "Saving the token once", "Postman for people who like curl",
			"Sharing examples with the frontend team",
		},
		paragraphs: []string{
			"After the login, a line of script keeps the token in a variable. Every other request uses it. Nobody copies " +
				"tokens by hand any more.",
			"Every request has a few checks: the status, the type and the fields that matter. The same collection runs " +
				"on the command line, so it is part of every build.",
			"Saved answers are the documentation that people really read. Keep them true by making them with a run, " +
				"not by hand.",
			"An environment holds the address and the name of the user. Switch it, and the same requests go to the " +
				"server on your desk or to the one in the data center.",
		},
	}
}

func speedTopic() topic {
	return topic{
		tags: [2]string{"performance", "go"},
		titles: []string{
			"Measure first", "Where the milliseconds went", "The allocation I did not need", "A profile in ten minutes",
			"Slow clients are a load too",
		},
		paragraphs: []string{
			"My guess was the database. The profile said: compressing the same answer again and again. I keep the " +
				"compressed bytes now, and the graph fell off a cliff.",
			"Averages hide what people feel. Look at the slowest one in a hundred, and at what it had to wait for.",
			"A benchmark needs a second program to be compared with, on the same machine and at the same time. " +
				"Otherwise I measure my neighbours.",
			"Limit everything that waits: connections, bodies, queues. A server that says no at once is faster than one " +
				"that says yes too late.",
		},
	}
}

func writingTopic() topic {
	return topic{
		tags: [2]string{"writing", "work"},
		titles: []string{
			"Write the commit message first", "Reviews without tears", "Documentation that is run by tests",
			"Delete more than you add", "A good first hour",
		},
		paragraphs: []string{
			"A newcomer has one hour of patience. In that hour they should start the program, see something, change " +
				"something and understand one error message.",
			"I read every sentence aloud. If I run out of breath, it becomes two. If I cannot say what a word is for, " +
				"it goes.",
			"The lines in our README are pasted into a shell by a test. Since then, they work, and nobody has to " +
				"remember to try them.",
			"Before I add an option, I ask who would change it, and when. Mostly the answer is nobody and never. Then " +
				"the right value belongs into the code.",
		},
	}
}
