package config

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// one is a file with a target of that name; its secret file is secret, beside
// the file.
func one(name string) string {
	return "targets:\n  " + name + ":\n    yeastar:\n      url: https://pbx.example.com\n      client_id: monitor\n      client_secret_file: secret\n"
}

// tree writes files, by their paths below a new directory. A text that begins
// with -> is where a link leads, one that ends in / makes a directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range files {
		path = filepath.Join(dir, path)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		switch {
		case err != nil:
		case strings.HasPrefix(text, "->"):
			err = os.Symlink(strings.TrimPrefix(text, "->"), path)
		case text == "/":
			err = os.Mkdir(path, 0o755)
		default:
			err = os.WriteFile(path, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// loaded is what a main file in a directory comes to: the names of its targets
// and its warnings, or its mistakes, without the directory's name.
func loaded(dir string) string {
	cfg, err := Load(filepath.Join(dir, "main.yml"), testOptions())
	if err != nil {
		return strings.ReplaceAll(err.Error(), dir+"/", "")
	}
	names := make([]string, 0, len(cfg.Targets))
	for _, target := range cfg.Targets {
		names = append(names, target.Name)
	}
	return strings.ReplaceAll(strings.Join(append([]string{strings.Join(names, " ")}, cfg.Warnings...), "\n"), dir+"/", "")
}

func TestTargetFiles(t *testing.T) {
	const (
		noMatch      = "no file matches this glob, so it adds no target; globs begin at the directory of this file"
		noMatchAtAll = "no file matches this glob, and there is no target at all; globs begin at the directory of this file"
		noGlob       = "is not a glob: a [ may lack its ], or a \\ stand at the end"
		more         = "target_files: [targets/*.yml]\n"
	)
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
	}{
		"targets of all files unite, in the order of their names": {
			map[string]string{"main.yml": one("m") + more, "secret": "a", "targets/secret": "b", "targets/1.yml": one("z"), "targets/2.yml": one("b"), "targets/3.yaml": "no"},
			"b m z",
		},
		"a main file without targets": {
			map[string]string{"main.yml": more, "targets/secret": "b", "targets/1.yml": one("z")}, "z",
		},
		"a file that adds nothing": {
			map[string]string{"main.yml": one("m") + more, "secret": "a", "targets/1.yml": "targets: {}"}, "m",
		},
		"globs in order, and a file that several match": {
			map[string]string{"main.yml": "target_files: [targets/a.yml, targets/*.yml, ./targets/../targets/a.yml, links/*, '*.yml']\n", "targets/secret": "b", "targets/a.yml": one("a"), "links/b.yml": "->../targets/a.yml"},
			"a",
		},
		"wildcards of directories, sets and escapes": {
			map[string]string{"main.yml": "target_files: ['t*/[a-b].yml', 't?/x/\\*.yml', t1/c.yml]\n", "t1/secret": "b", "t2/secret": "b", "t2/x/secret": "b", "t1/a.yml": one("a"), "t2/b.yml": one("b"), "t1/c.yml": one("c"), "t1/d.yml": one("d"), "t2/x/*.yml": one("e"), "t2/x/y.yml": one("f")},
			"a b c e",
		},
		"a glob without a match": {
			map[string]string{"main.yml": one("m") + "target_files:\n- targets/*.yml\n- main.yml/*\n- secret/x/y\n", "secret": "a"},
			"m\nmain.yml:8: target_files[0]: " + noMatch + "\nmain.yml:9: target_files[1]: " + noMatch + "\nmain.yml:10: target_files[2]: " + noMatch,
		},
		"a directory among the matches": {
			map[string]string{"main.yml": more, "targets/secret": "b", "targets/a.yml": one("a"), "targets/b.yml": "/"},
			"a\nmain.yml:1: target_files[0]: the glob matches the directory targets/b.yml too, which is skipped",
		},
		"files of editors": {
			map[string]string{"main.yml": one("m") + "target_files: ['targets/*']\n", "secret": "a", "targets/a.yml": "targets: {}", "targets/.a.yml.swp": "\x00", "targets/.#a.yml": "->nobody@nowhere", "targets/.git/x": "y"},
			"m",
		},
		"a name that stands in several files": {
			map[string]string{"main.yml": one("a") + more, "secret": "a", "targets/secret": "b", "targets/1.yml": "\n" + one("a"), "targets/2.yml": one("b"), "targets/3.yml": one("b") + "    page_size: 1\n"},
			"targets/1.yml:3: targets.a: a target of this name stands in main.yml:2 too; rename or remove one of the two\n" +
				"targets/3.yml:2: targets.b: a target of this name stands in targets/2.yml:2 too; rename or remove one of the two\n" +
				"targets/3.yml:7: targets.b.page_size: must be at least 2",
		},
		"mistakes in all files": {
			map[string]string{
				"main.yml": one("m") + "    page_size: 1\ntarget_files:\n- '[a'\n- targets/*.yml\n- ''\n- 'targets/1.yml\\'\n- nowhere\n- [a]\n- x/[a/]\n",
				"secret":   "a", "targets/1.yml": "targets:\n- a\n", "targets/2.yml": "", "targets/3.yml": "target_files: [a]\n", "targets/4.yml": "{}\n", "targets/5.yml": "->nowhere", "targets/6.yml": "targets:\n  a b:\n", "targets/7.yml": "a: [", "targets/8.yml": "yeastar: {}\n",
			},
			strings.Join([]string{
				"main.yml:7: targets.m.page_size: must be at least 2",
				"main.yml:9: target_files[0]: " + noGlob,
				"main.yml:11: target_files[2]: must not be empty",
				"main.yml:12: target_files[3]: " + noGlob,
				"main.yml:14: target_files[5]: must be a text; quote it if it is one",
				"main.yml:15: target_files[6]: " + noGlob,
				"targets/1.yml:1: targets: must be a mapping: keys and values, indented below it",
				"targets/2.yml:1: (document): the file is empty; it must have at least one target below the key targets",
				"targets/3.yml:1: target_files: a target file cannot name more files; move this key to main.yml",
				"targets/4.yml:1: targets: is missing; a target file has the key targets, and no other",
				"targets/5.yml: the file cannot be read: no such file or directory; target_files on line 10 of main.yml matches it",
				"targets/6.yml:2: targets[0]: the name of a target must be 1 to 64 letters, digits, _, . or -",
				"targets/7.yml:2: (document): this is not valid YAML: did not find expected node content; check the indentation and the quotes from here on",
				"targets/8.yml:1: yeastar: this key is not known here: it belongs below targets.<name>; the known keys are targets, target_files",
			}, "\n"),
		},
		"no target in any file": {
			map[string]string{"main.yml": more, "targets/1.yml": "targets: {}"},
			"main.yml:1: targets: there must be at least one target, here or in a file that target_files matches: a name, and below it the block of its system",
		},
		"no file and no target": {
			map[string]string{"main.yml": more}, "main.yml:1: target_files[0]: " + noMatchAtAll,
		},
		"no target, and some globs without a match": {
			map[string]string{"main.yml": "target_files:\n- targets/*.yml\n- tragets/*.yml\n- nowhere\n", "targets/1.yml": "targets: {}"},
			"main.yml:3: target_files[1]: " + noMatchAtAll + "\nmain.yml:4: target_files[2]: " + noMatchAtAll,
		},
		"no file at all": {
			map[string]string{"other.yml": more}, "main.yml: the file cannot be read: no such file or directory; --config.file names the file to read",
		},
		"a list that is empty": {
			map[string]string{"main.yml": one("m") + "target_files: []\n", "secret": "a"},
			"main.yml:7: target_files: the list is empty; name files, such as targets/*.yml, or remove the key",
		},
		"a directory that cannot be read": {
			map[string]string{"main.yml": one("m") + "target_files: [loop/*.yml]\n", "secret": "a", "loop": "->loop"},
			"main.yml:7: target_files[0]: the files cannot be looked for: too many levels of symbolic links; globs begin at the directory of this file",
		},
		"a token file that is another file's": {
			map[string]string{
				"main.yml": one("m") + "      token_file: tokens\n" + more, "secret": "a", "targets/secret": "b",
				"targets/1.yml": one("a") + "      token_file: ../tokens\n", "targets/2.yml": one("b") + "      token_file: ../secret\n", "targets/3.yml": one("c") + "      token_file: 1.yml\n",
			},
			"targets/1.yml:7: targets.a.yeastar.token_file: is the file of targets.m.yeastar.token_file (main.yml:7) too; give each target a file of its own\n" +
				"targets/2.yml:7: targets.b.yeastar.token_file: is the file of targets.m.yeastar.client_secret_file (main.yml:6), which would be overwritten; name a file of its own\n" +
				"targets/3.yml:7: targets.c.yeastar.token_file: is this configuration itself; name a file of its own, which the exporter may replace",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, tc.files)
			if got := loaded(dir); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

// A name of the directory that looks like a glob is none.
func TestAGlobBeginsAtItsDirectoryWhateverThatIsCalled(t *testing.T) {
	dir := tree(t, map[string]string{"[x*]/main.yml": "target_files: [targets/*.yml]\n", "[x*]/targets/a.yml": one("a"), "[x*]/targets/secret": "b"})
	if got := loaded(filepath.Join(dir, "[x*]")); got != "a" {
		t.Errorf("got %s", got)
	}
	absolute := "target_files: ['" + filepath.Join(dir, "?x[*]]/targets/*") + ".yml']\n"
	if err := os.WriteFile(filepath.Join(dir, "main.yml"), []byte(absolute), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := loaded(dir); got != "a" {
		t.Errorf("an absolute glob: got %s", got)
	}
}

// Kubernetes puts a new version of a config map in place by one link.
func TestTargetFilesOfAConfigMap(t *testing.T) {
	dir := tree(t, map[string]string{
		"main.yml": "target_files: ['targets/*.yml', 'targets/..data/*.yml', 'targets/.*/*.yml']\n", "targets/secret": "b",
		"targets/..1/a.yml": one("a"), "targets/..2/a.yml": one("b"), "targets/..data": "->..1", "targets/a.yml": "->..data/a.yml",
	})
	if err := os.Remove(filepath.Join(dir, "targets/..2/a.yml")); err != nil {
		t.Fatal(err)
	}
	if got := loaded(dir); got != "a" {
		t.Errorf("got %s", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "targets/..2/a.yml"), []byte(one("b")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..2", filepath.Join(dir, "targets/new")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "targets/new"), filepath.Join(dir, "targets/..data")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "targets/..1")); err != nil {
		t.Fatal(err)
	}
	if got := loaded(dir); got != "b" {
		t.Errorf("after a new version: got %s", got)
	}
}

// Paths in a target file begin at that file.
func TestPathsOfATargetFile(t *testing.T) {
	dir := tree(t, map[string]string{
		"main.yml": one("m") + "target_files: [targets/*.yml]\n", "secret": "of the main file", "targets/secret": "of the target file",
		"targets/a.yml": one("a") + "      token_file: state/token\n", "targets/state": "/",
	})
	cfg, err := Load(filepath.Join(dir, "main.yml"), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	a, m := optionsOf(t, cfg.Targets[0]), optionsOf(t, cfg.Targets[1])
	if reveal(t, a) != "of the target file" || reveal(t, m) != "of the main file" || a.TokenFile != filepath.Join(dir, "targets/state/token") {
		t.Errorf("the paths of a target file do not begin at its directory: %s", a.TokenFile)
	}
}

// A pipe would keep the reader for ever.
func TestATargetFileThatIsNoFile(t *testing.T) {
	dir := tree(t, map[string]string{"main.yml": "target_files: [a.yml]\n"})
	if err := syscall.Mkfifo(filepath.Join(dir, "a.yml"), 0o600); err != nil {
		t.Skip(err)
	}
	if got, want := loaded(dir), "a.yml: the file cannot be read: this is not a regular file; target_files on line 1 of main.yml matches it"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A link to a file is one, wherever it leads; what could be endless is refused.
func TestFilesThatAreTooLongOrNone(t *testing.T) {
	const (
		long    = "the file cannot be read: it is longer than 16 MiB, which is too long for a configuration; "
		no      = "the file cannot be read: this is not a regular file; "
		main    = "--config.file names the file to read"
		matched = "target_files on line 1 of main.yml matches it"
	)
	for name, tc := range map[string]struct {
		// main and target are what the files are made of: a text, or endless or pipe.
		main, target, want string
	}{
		"a main file without end":  {"endless", "", "main.yml: " + long + main},
		"a main file that is none": {"pipe", "", "main.yml: " + no + main},
		"a target file without end": {
			"target_files: [a.yml]\n", "endless", "a.yml: " + long + matched,
		},
		"a target file that is none": {"target_files: [a.yml]\n", "pipe", "a.yml: " + no + matched},
		"links":                      {"link", one("a"), "a"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, map[string]string{"secret": "a"})
			for file, text := range map[string]string{"main.yml": tc.main, "a.yml": tc.target} {
				path := filepath.Join(dir, file)
				var err error
				switch text {
				case "endless":
					if err = os.WriteFile(path, nil, 0o600); err == nil {
						err = os.Truncate(path, maxConfigBytes+1)
					}
				case "pipe":
					err = syscall.Mkfifo(path, 0o600)
				case "link":
					err = os.Symlink("a.yml", path)
				default:
					err = os.WriteFile(path, []byte(text), 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if got := loaded(dir); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}
