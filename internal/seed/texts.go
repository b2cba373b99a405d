package seed

// openings begin a post, whatever it is about.
func openings() []string {
	return []string{
		"A question at work made me write this down.",
		"It took me a weekend to understand this, so here is the short version.",
		"I had put this off for a year. It took an evening.",
		"Last month I promised to explain how we do this. Here it is.",
		"Three people asked me the same thing this week, so I answer all of them here.",
		"This is a note to myself, but it may help you too.",
		"I was wrong about this for a long time.",
		"Nothing here is new. It is only what I wish I had been told first.",
	}
}

// closings end a post.
func closings() []string {
	return []string{
		"That is all. Try it on something small first.",
		"If you do it another way, write to me. I like to be corrected.",
		"Next time I will measure it instead of guessing.",
		"The code is short enough to read in a coffee break.",
		"I have used it for half a year now and would do it again.",
		"It is not perfect, but it is boring, and boring is good.",
		"Now back to the bug that I was supposed to fix.",
		"Part two follows when I have found the time for it.",
	}
}

// remarks are comments on posts, whatever those are about.
func remarks() []string {
	return []string{
		"Thank you, this saved me an evening.",
		"Does it still work the same way in the newest version?",
		"I tried it this morning. It works, with one change: I had to update first.",
		"Good point about keeping it small.",
		"We do it the other way round, and I am no longer sure why.",
		"Could you show the whole file? I am missing where it starts.",
		"I ran into the same thing last week and gave up too early.",
		"This is clearer than the manual.",
		"What do you do when it fails in the middle?",
		"I disagree with the second paragraph, but the rest is what I tell everybody.",
		"Bookmarked. Looking forward to part two.",
		"It also works on a very small machine, if anybody wonders.",
	}
}

// bios are what users say about themselves.
func bios() []string {
	return []string{
		"Writes Go by day and bakes bread by night.",
		"Backend developer. Reads changelogs for fun.",
		"I break things in staging so that you do not have to.",
		"Learning in public, one small program after the other.",
		"Databases, bicycles and bad puns.",
		"Teaches people to test. Learns from them what to test.",
		"Former physicist, now paid to wait for builds.",
		"Runs a small server in a cupboard.",
		"Likes short functions and long walks.",
		"",
	}
}
