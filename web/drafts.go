package web

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/validation"
	"gin-blog/middleware"
	"gin-blog/models"
)

// draftsPage is what the page of drafts shows.
type draftsPage struct {
	Done    string // what was just done
	Drafts  []models.Draft
	IsFirst bool   // whether it is the first page
	Older   string // the address of the next page, "" for none
}

var (
	errDraftedBefore = models.NewError(models.Conflict,
		"Another text was saved as a draft from this page before. Press Save as draft again to save this one too.")
	errDraftPublished = models.NewError(models.Conflict,
		"This draft was published meanwhile, with another text. Yours is here: press Publish to publish it as a new post.")
	errDraftDeleted = models.NewError(models.NotFound,
		"This draft was deleted meanwhile. Your text is here: press Save as draft to keep it.")
	errDraftSavedMeanwhile = models.NewError(models.Changed,
		"Nothing was saved: this draft was changed meanwhile. Both texts are below. "+
			"Press Save draft to replace that one by yours.")
	errDraftChangedBeforeDelete = models.NewError(models.Changed,
		"This draft was changed meanwhile, so it was not deleted. Read it again first.")
)

// draftNotices say what was just done, by the parameter "done".
var draftNotices = map[string]string{"saved": "Your draft is saved.", "deleted": "The draft is deleted."}

func draftPath(id models.ID) string { return "/account/drafts/" + id.Hex() }

// drafts lists the drafts of the current user, newest first.
func (p *Pages) drafts(c *gin.Context) error {
	f := models.DraftFilter{AuthorID: middleware.CurrentUser(c).ID, Limit: pageSize}
	if after := c.Query("after"); after != "" {
		var err error
		if f.After, err = models.ParseID(after); err != nil {
			return errNoPage
		}
	}
	drafts, more, err := p.Store.Drafts(c.Request.Context(), f)
	if err != nil {
		return err
	}
	page := draftsPage{Done: draftNotices[c.Query("done")], Drafts: drafts, IsFirst: f.After.IsZero()}
	if more {
		page.Older = "/account/drafts?after=" + drafts[len(drafts)-1].ID.Hex()
	}
	return p.render(c, http.StatusOK, "drafts", &view{Title: "Drafts", NoIndex: true, Page: page, Calls: []call{
		newCall("My drafts", originOf(c), request{path: "/drafts", token: true}),
		newCall("Write a draft", originOf(c), request{path: "/drafts", token: true, body: `{"title": "My draft"}`}),
	}})
}

// saveAsDraft keeps a new text as a draft. The form names the id of the draft, so a form that is sent twice makes one.
func (p *Pages) saveAsDraft(c *gin.Context, sent values, in *postForm, v *view, page *editorPage) error {
	if err := p.validator.Check(draftForm(*in)); err != nil {
		return p.refuse(c, err, "editor", v, page.Form)
	}
	ctx, author, now := c.Request.Context(), middleware.CurrentUser(c).ID, models.StoredTime(p.Now())
	draft := &models.Draft{ID: ownDraftID(sent["draft"], author), AuthorID: author, CreatedAt: now, UpdatedAt: now}
	in.writeToDraft(draft)
	err := p.Store.CreateDraft(ctx, draft)
	if err == nil || errors.Is(err, models.ErrDuplicate) {
		draft, err = p.Store.DraftByID(ctx, draft.ID, author)
	}
	if err == nil && !in.isOf(asPost(draft)) {
		v, page = p.newPostEditorAnew(c, sent)
		err = errDraftedBefore
	}
	if err != nil {
		return p.refuse(c, err, "editor", v, page.Form)
	}
	return redirect(c, http.StatusSeeOther, draftPath(draft.ID)+"?done=saved")
}

// ownDraftID makes the id of a draft out of one that a form has. The result differs between authors, so nobody can find
// out by it whether somebody else has a draft.
func ownDraftID(sent string, author models.ID) models.ID {
	id, err := models.ParseID(sent)
	if err != nil {
		return models.NewID()
	}
	hash := sha256.Sum256(append(author[:], id[:]...))
	copy(id[8:], hash[:]) // the time stays
	return id
}

// editDraft shows the editor of a draft. The parameter zone names the time zone of its time to publish.
func (p *Pages) editDraft(c *gin.Context) error {
	draft, err := p.ownDraft(c)
	if err != nil {
		return err
	}
	zone := loadZone(c.Query("zone"))
	if zone == nil {
		zone = time.UTC
	}
	shown := postFormOf(asPost(draft)).values()
	shown["publishAt"], shown["zone"] = formatPublishAt(draft.PublishAt, zone), zone.String()
	v, page := p.draftEditor(c, draft.ID, shown, versionOfDraft(draft))
	page.Form.Notice, page.Done = describePublishAt(draft.PublishAt, zone), draftNotices[c.Query("done")]
	return p.render(c, http.StatusOK, "editor", v)
}

// draftEditor returns the editor of the draft with an id. version is the state of the draft that the text was made
// from.
func (p *Pages) draftEditor(c *gin.Context, id models.ID, sent values, version string) (*view, *editorPage) {
	v, page := newEditor(draftPath(id), "Save draft", sent, hidden{"version", version})
	v.Title, page.Heading, page.Present = "Edit draft", "Edit draft", draftPath(id)
	page.Back, page.Delete = &link{"/account/drafts", "Back to your drafts"}, draftPath(id)+"/delete"
	f := page.Form
	f.Autosave, v.Script = true, p.autosave.path()
	f.More = []button{{Do: "publish", Text: "Publish"}, {Do: "preview", Text: "Preview"}}
	f.Fields[len(f.Fields)-1].Required = false
	f.Fields = append(f.Fields,
		field{Name: "publishAt", Label: "Publish at", Type: "datetime-local", Value: sent["publishAt"],
			Hint: "A time to come, at most a year ahead. Leave it empty to publish the draft yourself."},
		field{Name: "zone", Label: "Time zone", Type: "text", Value: sent["zone"], Verbatim: true,
			Suggestions: zoneSuggestions, Hint: "Of the time above, such as Europe/Berlin."})
	origin, path := originOf(c), "/drafts/"+id.Hex()
	v.Calls = []call{
		newCall("This draft", origin, request{path: path, token: true}),
		newCall("Change it", origin, request{
			method: http.MethodPatch, path: path, token: true, body: `{"content": "A better text"}`,
		}),
		newCall("Publish it", origin, request{method: http.MethodPost, path: path + "/publish", token: true}),
	}
	return v, page
}

// versionOfDraft returns a text that tells the states of a draft apart.
func versionOfDraft(d *models.Draft) string {
	return versionTag(d.UpdatedAt, versionTime(d.PublishAt), string(postFormOf(asPost(d)).canonical()))
}

// saveDraft changes a draft, publishes it, or shows what it would be.
func (p *Pages) saveDraft(c *gin.Context) error {
	sent, err := readForm(c, draftFields)
	if err != nil {
		return err
	}
	id, err := models.ParseID(c.Param("id"))
	if err != nil {
		return errNoPage
	}
	if sent["do"] == "autosave" {
		return p.autosaveDraft(c, sent)
	}
	v, page := p.draftEditor(c, id, sent, sent["version"])
	if middleware.CurrentUser(c) == nil {
		return p.showTextAfterLogin(c, sent, "editor", v, page.Form)
	}
	in := newPostForm(sent)
	draft, err := p.ownDraft(c)
	if errors.Is(err, models.ErrDraftNotFound) {
		return p.saveGoneDraft(c, id, sent, in)
	}
	if err != nil {
		return p.refuse(c, err, "editor", v, page.Form)
	}
	page.Form.Notice = describePublishAt(draft.PublishAt, time.UTC)
	if sent["conflict"] != "" {
		showTheirDraft(v, page, draft)
	}
	publishAt := draft.PublishAt
	if sent["do"] == "publish" {
		err = p.checkPublish(sent, in, draft)
	} else {
		publishAt, err = p.checkDraft(sent, in, draft)
	}
	if err == nil && sent["do"] == "preview" {
		if err = p.preview(c, page, p.previewOf(c), in); err == nil {
			return p.render(c, http.StatusOK, "editor", v)
		}
	}
	if err == nil {
		draft, err = p.updateDraft(c, draft, in, publishAt, sent["version"])
	}
	var post *models.Post
	if err == nil && sent["do"] == "publish" {
		post, _, err = p.Store.PublishDraft(c.Request.Context(), id, draft.AuthorID,
			models.Publication{At: models.StoredTime(p.Now()), IfUnchanged: draft})
	}
	switch {
	case errors.Is(err, models.ErrDraftChanged):
		return p.showBothDrafts(c, sent)
	case err != nil:
		return p.refuse(c, err, "editor", v, page.Form)
	case post != nil:
		return redirect(c, http.StatusSeeOther, escapedPath(post.PagePath()))
	}
	after := url.Values{"done": {"saved"}}
	if !publishAt.IsZero() {
		after.Set("zone", strings.TrimSpace(sent["zone"]))
	}
	return redirect(c, http.StatusSeeOther, draftPath(id)+"?"+after.Encode())
}

// previewOf returns a post of the current user without a text.
func (p *Pages) previewOf(c *gin.Context) models.Post {
	now := p.Now()
	return models.Post{Author: middleware.CurrentUser(c).AsAuthor(), CreatedAt: now, UpdatedAt: now}
}

// checkDraft checks what somebody typed into the editor of a draft, and returns its time to publish.
func (p *Pages) checkDraft(sent values, in *postForm, draft *models.Draft) (publishAt time.Time, err error) {
	if err := p.validator.Check(draftForm(*in)); err != nil {
		return publishAt, err
	}
	if publishAt, err = parsePublishAt(sent, draft.PublishAt); err != nil {
		return publishAt, err
	}
	if !publishAt.IsZero() && in.Content == "" {
		return publishAt, &validation.Error{Fields: []validation.FieldError{
			{Field: "content", Message: "is required for a draft that publishes itself"}}}
	}
	if publishAt.Equal(draft.PublishAt) { // it may have come
		return publishAt, nil
	}
	return publishAt, validation.CheckPublishAt(publishAt, p.Now())
}

// checkPublish checks what somebody typed into the editor of a draft, to publish it now.
func (p *Pages) checkPublish(sent values, in *postForm, draft *models.Draft) error {
	if err := p.validator.Check(in); err != nil {
		return err
	}
	publishAt, err := parsePublishAt(sent, draft.PublishAt)
	if err == nil && publishAt.After(p.Now()) {
		return &validation.Error{Fields: []validation.FieldError{{Field: "publishAt",
			Message: "is a time to come: press Save draft to publish it then, or empty this field to publish it now"}}}
	}
	return err
}

// updateDraft changes a draft if it is still in the state that the text was made from, and returns the result. It
// returns models.ErrDraftChanged otherwise. A change that changes nothing succeeds in any state.
func (p *Pages) updateDraft(
	c *gin.Context, draft *models.Draft, in *postForm, publishAt time.Time, version string,
) (*models.Draft, error) {
	change := in.change(asPost(draft)).DraftChange()
	change.PublishAt, change.IfUnchanged = &publishAt, draft
	change.UpdatedAt = models.ChangedAt(p.Now(), draft.UpdatedAt)
	if change.ChangesNothing(draft) {
		return draft, nil
	}
	if version != versionOfDraft(draft) {
		return nil, models.ErrDraftChanged
	}
	return p.Store.UpdateDraft(c.Request.Context(), draft.ID, draft.AuthorID, change)
}

// autosaveDraft saves what the script of the editor sends: the texts, but no time to publish, which may be half typed.
// If-Match has the version that the text was made from, and the ETag of the answer the next one.
func (p *Pages) autosaveDraft(c *gin.Context, sent values) error {
	if middleware.CurrentUser(c) == nil {
		return errSessionEnded
	}
	draft, err := p.ownDraft(c)
	if err != nil {
		return err
	}
	in := newPostForm(sent)
	if err := p.validator.Check(draftForm(*in)); err != nil {
		return err
	}
	version := strings.Trim(c.GetHeader("If-Match"), `"`)
	if draft, err = p.updateDraft(c, draft, in, draft.PublishAt, version); err != nil {
		return err
	}
	c.Header("ETag", `"`+versionOfDraft(draft)+`"`)
	c.Status(http.StatusNoContent)
	return nil
}

// saveGoneDraft handles the form of a draft that is no longer there. If it was published as it was typed, as after a
// double click, the post is shown. Otherwise the text is kept in the editor of a new post.
func (p *Pages) saveGoneDraft(c *gin.Context, id models.ID, sent values, in *postForm) error {
	publication := models.Publication{At: models.StoredTime(p.Now())}
	post, _, err := p.Store.PublishDraft(c.Request.Context(), id, middleware.CurrentUser(c).ID, publication)
	switch {
	case errors.Is(err, models.ErrDraftNotFound):
		err = errDraftDeleted
	case err != nil:
	case in.isOf(post):
		return redirect(c, http.StatusSeeOther, escapedPath(post.PagePath()))
	default:
		err = errDraftPublished
	}
	v, page := p.newPostEditorAnew(c, sent)
	return p.refuse(c, err, "editor", v, page.Form)
}

// showBothDrafts shows a draft as it is now, and the editor with what was typed. To save then replaces the present
// state.
func (p *Pages) showBothDrafts(c *gin.Context, sent values) error {
	draft, err := p.ownDraft(c)
	if err != nil {
		return err
	}
	v, page := p.draftEditor(c, draft.ID, sent, versionOfDraft(draft))
	page.Form.Notice = describePublishAt(draft.PublishAt, time.UTC)
	showTheirDraft(v, page, draft)
	return p.refuse(c, errDraftSavedMeanwhile, "editor", v, page.Form)
}

// showTheirDraft shows a draft as it was saved meanwhile above the editor.
func showTheirDraft(v *view, page *editorPage, draft *models.Draft) {
	page.showTheirs(asPost(draft), errDraftSavedMeanwhile)
	page.Form.Autosave, v.Script = false, "" // it would decide before its author does
}

// confirmDeleteDraft asks before a draft is deleted.
func (p *Pages) confirmDeleteDraft(c *gin.Context) error {
	draft, err := p.ownDraft(c)
	if err != nil {
		return err
	}
	return p.confirm(c, deletion{
		title: "Delete the draft: " + draft.Title, notice: "This deletes the draft for good. Nobody can bring it back.",
		does: "Delete this draft", api: "/drafts/" + draft.ID.Hex(), action: draftPath(draft.ID) + "/delete",
		back: draftPath(draft.ID), hidden: []hidden{{"version", versionOfDraft(draft)}},
	})
}

// deleteDraft deletes a draft, if it is still as it was when the question was asked.
func (p *Pages) deleteDraft(c *gin.Context) error {
	sent, err := readForm(c, deletionFields)
	if err != nil {
		return err
	}
	draft, err := p.ownDraft(c)
	if err != nil {
		return err
	}
	if sent["version"] != versionOfDraft(draft) {
		return errDraftChangedBeforeDelete
	}
	err = p.Store.DeleteDraft(c.Request.Context(), draft.ID, draft.AuthorID, draft)
	if errors.Is(err, models.ErrDraftChanged) {
		return errDraftChangedBeforeDelete
	}
	if err != nil {
		return err
	}
	return redirect(c, http.StatusSeeOther, "/account/drafts?done=deleted")
}

// ownDraft returns the draft in the path, if it is the current user's.
func (p *Pages) ownDraft(c *gin.Context) (*models.Draft, error) {
	id, err := models.ParseID(c.Param("id"))
	if err != nil {
		return nil, errNoPage
	}
	return p.Store.DraftByID(c.Request.Context(), id, middleware.CurrentUser(c).ID)
}
