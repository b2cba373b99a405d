package transfer_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gin-blog/internal/testkit"
	"gin-blog/models"
)

// blogFile begins a file of a blog in testdata/blogs.
var blogFile = regexp.MustCompile(`(?m)^-- (.+?)((?: \([a-z0-9-]+\))*) --(?: (.*))?\n`)

// makeBlog writes the files of a blog of testdata/blogs. It returns the folder, what an import of each should say, and
// the posts that should come of it.
func makeBlog(t *testing.T, name string) (dir string, results map[string]string, posts []string) {
	t.Helper()
	all, err := os.ReadFile(filepath.Join("testdata", "blogs", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	dir, results = filepath.Join(t.TempDir(), "blog"), map[string]string{}
	files, wanted, _ := strings.Cut(string(all), "== posts ==\n")
	begins := blogFile.FindAllStringSubmatchIndex(files, -1)
	for i, at := range begins {
		file, how, result := files[at[2]:at[3]], files[at[4]:at[5]], ""
		if at[6] >= 0 {
			result = files[at[6]:at[7]]
		}
		end := len(files)
		if i+1 < len(begins) {
			end = begins[i+1][0]
		}
		content := files[at[1]:end]
		if strings.Contains(how, "windows") {
			content = strings.ReplaceAll(content, "\n", "\r\n")
		}
		if strings.Contains(how, "bom") {
			content = "\ufeff" + content
		}
		if strings.Contains(how, "latin-1") {
			content = strings.ReplaceAll(content, "è", "\xe8")
		}
		if content != "" {
			write(t, dir, file, content)
		}
		if result != "" {
			results[file] = result
		}
	}
	return dir, results, strings.Split(strings.TrimSpace(wanted), "\n")
}

// TestImportOfWholeBlogs imports the blogs of testdata/blogs, twice, and then as posts of another blog that exported
// them.
func TestImportOfWholeBlogs(t *testing.T) {
	for _, name := range []string{"jekyll", "hugo", "eleventy", "obsidian"} {
		t.Run(name, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, opened models.Store) {
				s := opened.(store)
				for _, name := range []string{"alice", "bob"} {
					u := &models.User{ID: models.NewID(), Username: name, Role: models.RoleUser}
					if err := s.CreateUser(t.Context(), u); err != nil {
						t.Fatal(err)
					}
				}
				dir, results, wanted := makeBlog(t, name)
				for _, created := range []string{"created:", "unchanged:"} {
					got := importAs(t, s, dir, "bob")
					for file, want := range results {
						want = strings.Replace(want, "created:", created, 1)
						isWhole := strings.HasPrefix(want, created) || strings.HasPrefix(want, "passed")
						if !strings.HasPrefix(got[file], want) || isWhole && strings.TrimSpace(got[file]) != strings.TrimSpace(want) {
							t.Errorf("%s: got  %q\nwant %q", file, got[file], want)
						}
						delete(got, file)
					}
					for file, result := range got {
						t.Errorf("%s: got %q, want no word", file, result)
					}
					if got := describe(allPosts(t, s), s, t); !slices.Equal(got, wanted) {
						t.Errorf("the posts are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(wanted, "\n"))
					}
				}
				exported := export(t, s)
				for file, content := range readDir(t, exported) {
					if strings.Contains(content, "SECRET") || strings.Contains(content, "\r\n---") {
						t.Errorf("%s has %q", file, content)
					}
				}
				if all := strings.Join(slices.Collect(maps.Values(readDir(t, exported))), "\n"); name == "obsidian" {
					for _, code := range []string{
						"%% in code, [[as it is]] %%", "%%here too%%", "%%{init", "%%and here%%", "[[quoted]]",
					} {
						if !strings.Contains(all, code) {
							t.Errorf("the code %s is lost", code)
						}
					}
				}
				for file, result := range importAs(t, s, exported, "") {
					if !strings.HasPrefix(result, "unchanged: ") {
						t.Errorf("what was exported: %s: %s", file, result)
					}
				}
			})
		})
	}
}

// describe returns a line for each post, by date and title.
func describe(posts []models.KeptPost, s store, t *testing.T) (lines []string) {
	t.Helper()
	for _, p := range posts {
		author, err := s.UserByID(t.Context(), p.AuthorID)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%s | %s | %s | %s",
			p.CreatedAt.Format(time.RFC3339), p.Title, strings.Join(p.Tags, " "), author.Username))
	}
	slices.Sort(lines)
	return lines
}
