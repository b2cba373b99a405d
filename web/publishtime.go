package web

import (
	"strings"
	"time"

	"gin-blog/internal/site"
	"gin-blog/models"
)

// localForm is how an input for a local date and time has its value (HTML Standard, "valid normalized local date and
// time string").
const localForm = "2006-01-02T15:04"

// parsePublishAt reads the time to publish that somebody typed, and the name of its time zone. The zero time stands
// for never. If the form still shows present, it returns present, with its seconds. It returns a refusal of the field
// that is wrong.
func parsePublishAt(f *form, present time.Time) (time.Time, error) {
	text := strings.Replace(strings.TrimSpace(f.Value("publishAt")), " ", "T", 1)
	if text == "" {
		return time.Time{}, nil
	}
	refuse := func(field, message string) (time.Time, error) {
		return time.Time{}, models.RefuseFields(nil, models.FieldError{Field: field, Message: message})
	}
	zone := site.LoadZone(strings.TrimSpace(f.Value("zone")))
	if zone == nil {
		return refuse("zone", "must be the name of a time zone, such as Europe/Berlin or UTC")
	}
	if len(text) > len(localForm) && strings.Trim(text[len(localForm):], ":0.") == "" { // some browsers add seconds
		text = text[:len(localForm)]
	}
	at, err := time.ParseInLocation(localForm, text, zone)
	if err != nil {
		return refuse("publishAt", "must be a day and a time, such as 2030-01-02 09:00")
	}
	if at.Format(localForm) != text {
		return refuse("publishAt", "does not exist in this time zone: the clocks go forward then")
	}
	if !present.IsZero() && present.In(zone).Format(localForm) == text {
		return present, nil
	}
	return at.UTC(), nil
}

// formatPublishAt returns a time to publish as the form has it, "" for never.
func formatPublishAt(at time.Time, zone *time.Location) string {
	if at.IsZero() {
		return ""
	}
	return at.In(zone).Format(localForm)
}

// describePublishAt says in words when a draft will be published.
func (p *Pages) describePublishAt(at time.Time, zone *time.Location) string {
	if at.IsZero() {
		return "Only you can see this draft."
	}
	words := p.Site.Minute(at) + at.In(p.Site.Zone).Format(" MST")
	if zone.String() != p.Site.Zone.String() {
		words = at.In(zone).Format("2 January 2006, 15:04") + " in " + zone.String() + " (" + words + ")"
	}
	return "Scheduled for " + words + ". Until then, only you can see this draft."
}
