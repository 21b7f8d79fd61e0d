package yeastar

// An exporter may be running while somebody checks its configuration or reads
// once. The PBX counts the failed sign-ins of all of them, so each must know those
// of the others. Nobody writes another's token file, which its owner replaces as a
// whole: who has tokens of its own keeps its failures in a file beside it.

// besideName is where the failures of those are kept that leave the tokens in a
// token file alone.
func besideName(path string) string { return path + ".checks" }

// beside are the records of failed sign-ins, those that others write included.
type beside struct {
	// records are read before each sign-in.
	records []*tokenFile
	// own takes the failures where the token file is not ours; else it is nil.
	own *tokenFile
}

// keepers are the token file of a Source, nil where it has none, and what is
// kept beside it.
func keepers(opts Options) (*tokenFile, beside) {
	file := newTokenFile(opts.TokenFile, opts.URL, opts.ClientID)
	if file == nil {
		return nil, beside{}
	}
	checks := newTokenFile(besideName(opts.TokenFile), opts.URL, opts.ClientID)
	records := []*tokenFile{file, checks}
	if opts.OwnTokens {
		return nil, beside{records: records, own: checks}
	}
	return file, beside{records: records}
}

// cautious reports whether another program may be signing in at this moment,
// which no record tells yet. One place is kept for it.
func (b beside) cautious() bool { return b.own != nil }

// recall counts what is on record.
func (b beside) recall(g *guard) {
	for _, f := range b.records {
		if m, ok := f.read(); ok {
			g.recall(m.Failures, nil)
		}
	}
}

// save writes the failures down for others, where there is nothing else to keep
// them. What they wrote meanwhile is kept.
func (b beside) save(g *guard) {
	if b.own == nil {
		return
	}
	b.recall(g)
	failures, _ := g.counted()
	b.own.store(memory{Failures: failures})
}
