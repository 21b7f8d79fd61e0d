package conversation

import "slices"

// ViewerSet is a set of viewers, by the names that Coverage uses. Many sessions
// share one set, which must not be changed. The nil set is empty.
type ViewerSet struct{ names []string }

// NewViewerSet makes a set of its own.
func NewViewerSet(names ...string) *ViewerSet { return &ViewerSet{names: names} }

// Has reports whether a viewer is in the set.
func (s *ViewerSet) Has(name string) bool { return s != nil && slices.Contains(s.names, name) }

// ViewerSets makes sets in such a way that equal ones are mostly one and the
// same. The zero value is ready; it has no lock of its own.
type ViewerSets struct{ steps map[viewerStep]*ViewerSet }

// viewerStep is how a set comes about: another one and a viewer more.
type viewerStep struct {
	from *ViewerSet
	more string
}

// With returns a set and one viewer more.
func (sets *ViewerSets) With(from *ViewerSet, more string) *ViewerSet {
	const most = 10_000 // Queues whose members change would add to them for ever.
	if from.Has(more) {
		return from
	}
	step := viewerStep{from, more}
	if set, ok := sets.steps[step]; ok {
		return set
	}
	if sets.steps == nil || len(sets.steps) >= most {
		sets.steps = make(map[viewerStep]*ViewerSet)
	}
	set := &ViewerSet{}
	if from != nil {
		set.names = slices.Clone(from.names)
	}
	set.names = append(set.names, more)
	sets.steps[step] = set
	return set
}
