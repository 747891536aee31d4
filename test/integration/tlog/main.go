// Command tlog says what Go's own libraries for signed notes and transparency logs think of a trail's evidence. It
// reads requests, one JSON object a line, and writes a verdict for each, one JSON object a line.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type request struct {
	// "checkpoint", "inclusion", "consistency" or "log".
	Check string `json:"check"`
	// The text of the verifier key.
	Key string `json:"key"`
	// Signed notes; old only for "consistency".
	Checkpoint string `json:"checkpoint"`
	Old        string `json:"old"`
	// For "inclusion"; the record's bytes are base64 in JSON.
	Record []byte `json:"record"`
	Index  int64  `json:"index"`
	// Hashes in base64, for "inclusion" and "consistency".
	Proof []tlog.Hash `json:"proof"`
	// For "log".
	Directory string `json:"directory"`
}

type verdict struct {
	OK bool `json:"ok"`
	// Why not, where it is not.
	Reason string `json:"reason,omitempty"`
	// What the checkpoint says, where its signature is right.
	Origin string `json:"origin,omitempty"`
	Size   int64  `json:"size"`
}

type checkpoint struct {
	origin string
	tree   tlog.Tree
}

func main() {
	requests := bufio.NewReader(os.Stdin)
	verdicts := json.NewEncoder(os.Stdout)
	for {
		line, err := requests.ReadBytes('\n')
		if len(line) == 0 && err != nil {
			return
		}
		if err := verdicts.Encode(judge(line)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func judge(line []byte) verdict {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return verdict{Reason: "not understood: " + err.Error()}
	}
	said, err := check(asked)
	answer := verdict{OK: err == nil, Origin: said.origin, Size: said.tree.N}
	if err != nil {
		answer.Reason = err.Error()
	}
	return answer
}

func check(asked request) (checkpoint, error) {
	if asked.Check == "log" {
		return checkLog(asked.Directory, asked.Key)
	}
	said, err := openCheckpoint(asked.Checkpoint, asked.Key)
	if err != nil {
		return said, err
	}
	switch asked.Check {
	case "checkpoint":
		return said, nil
	case "inclusion":
		leaf := tlog.RecordHash(asked.Record)
		return said, tlog.CheckRecord(tlog.RecordProof(asked.Proof), said.tree.N, said.tree.Hash, asked.Index, leaf)
	case "consistency":
		old, err := openCheckpoint(asked.Old, asked.Key)
		if err != nil {
			return said, fmt.Errorf("old: %w", err)
		}
		return said, tlog.CheckTree(tlog.TreeProof(asked.Proof), said.tree.N, said.tree.Hash, old.tree.N, old.tree.Hash)
	}
	return said, fmt.Errorf("there is no check %q", asked.Check)
}

// openCheckpoint checks the signature of a note and reads its text as a checkpoint without extension lines.
func openCheckpoint(text, key string) (checkpoint, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return checkpoint{}, err
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return checkpoint{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return checkpoint{}, errors.New("a checkpoint has three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return checkpoint{}, errors.New("the size is no decimal number")
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return checkpoint{}, err
	}
	if lines[0] != verifier.Name() {
		return checkpoint{}, errors.New("the origin is not the name of the key")
	}
	return checkpoint{lines[0], tlog.Tree{N: size, Hash: root}}, nil
}
