package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// The height of a tile, and the number of its hashes.
const (
	height = 8
	width  = 1 << height
)

// tree is a whole tree in memory, as tlog numbers its hashes.
type tree []tlog.Hash

func (t tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(t)) {
			return nil, errors.New("the tree is smaller")
		}
		hashes[i] = t[index]
	}
	return hashes, nil
}

// checkLog makes the tree from all records, compares the root and each tile with it, and then proves from tiles alone.
// The records are in bundles of entries, as of a tlog-tiles log, or in the segments of a trail.
func checkLog(directory, key string) (checkpoint, error) {
	text, err := os.ReadFile(filepath.Join(directory, "checkpoint"))
	if err != nil {
		return checkpoint{}, err
	}
	said, err := openCheckpoint(string(text), key)
	if err != nil {
		return said, err
	}
	records, err := readRecords(directory, said.tree.N)
	if err != nil {
		return said, err
	}
	var whole tree
	for index, record := range records {
		hashes, err := tlog.StoredHashes(int64(index), record, whole)
		if err != nil {
			return said, err
		}
		whole = append(whole, hashes...)
	}
	root, err := tlog.TreeHash(said.tree.N, whole)
	if err != nil {
		return said, err
	}
	if root != said.tree.Hash {
		return said, errors.New("the records have another root")
	}
	if err := compareTiles(directory, said.tree.N, whole); err != nil {
		return said, err
	}
	return said, walk(directory, said.tree, records)
}

func readRecords(directory string, size int64) ([][]byte, error) {
	if _, err := os.Stat(filepath.Join(directory, "segments")); err == nil {
		return readSegments(filepath.Join(directory, "segments"), size)
	}
	return readBundles(filepath.Join(directory, "tile", "entries"), size)
}

func readBundles(directory string, size int64) ([][]byte, error) {
	var records [][]byte
	for index := int64(0); int64(len(records)) < size; index++ {
		count := size - index*width
		if count > width {
			count = width
		}
		path := filepath.Join(directory, indexPath(index, int(count)))
		bundle, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for ; count > 0; count-- {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return nil, fmt.Errorf("%s is too short", path)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			records = append(records, bundle[2:end])
			bundle = bundle[end:]
		}
		if len(bundle) > 0 {
			return nil, fmt.Errorf("%s is too long", path)
		}
	}
	return records, nil
}

// readSegments gives all whole lines, also those behind the checkpoint's size: tiles may be ahead of it.
func readSegments(directory string, size int64) ([][]byte, error) {
	paths, err := filepath.Glob(filepath.Join(directory, "*.ndjson"))
	if err != nil {
		return nil, err
	}
	sort.Strings(paths)
	var records [][]byte
	for at, path := range paths {
		first, err := firstIndex(path)
		if err != nil || first != int64(len(records)) {
			return nil, fmt.Errorf("%s does not begin at record %d", path, len(records))
		}
		next := int64(math.MaxInt64)
		if at+1 < len(paths) {
			if next, err = firstIndex(paths[at+1]); err != nil {
				return nil, err
			}
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for int64(len(records)) < next {
			end := bytes.IndexByte(content, '\n')
			if end < 0 {
				break
			}
			records = append(records, content[:end])
			content = content[end+1:]
		}
	}
	if int64(len(records)) < size {
		return nil, errors.New("the segments have too few records")
	}
	return records, nil
}

func firstIndex(segment string) (int64, error) {
	return strconv.ParseInt(strings.TrimSuffix(filepath.Base(segment), ".ndjson"), 10, 64)
}

var tilePath = regexp.MustCompile(`^(\d+)/((?:x\d{3}/)*\d{3})(?:\.p/(\d+))?$`)

// compareTiles wants each tile that is there to hold what the records make it, and nothing else to be there. Whether
// tiles are missing shows in the walk.
func compareTiles(directory string, size int64, whole tree) error {
	below := filepath.Join(directory, "tile")
	return filepath.WalkDir(below, func(path string, entry fs.DirEntry, err error) error {
		if err != nil && size == 0 && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		name := strings.TrimPrefix(filepath.ToSlash(path), filepath.ToSlash(below)+"/")
		if err != nil || entry.IsDir() {
			return err
		}
		if strings.HasPrefix(name, "entries/") {
			return nil
		}
		tile, ok := parseTilePath(name)
		if !ok {
			return fmt.Errorf("%s is no tile", name)
		}
		expected, err := tlog.ReadTileData(tile, whole)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		found, err := os.ReadFile(path)
		if err == nil && !bytes.Equal(found, expected) {
			return fmt.Errorf("%s does not hold the hashes of the records", name)
		}
		return err
	})
}

func parseTilePath(name string) (tlog.Tile, bool) {
	parts := tilePath.FindStringSubmatch(name)
	if parts == nil {
		return tlog.Tile{}, false
	}
	level, levelErr := strconv.Atoi(parts[1])
	index, indexErr := strconv.ParseInt(strings.NewReplacer("x", "", "/", "").Replace(parts[2]), 10, 64)
	tile := tlog.Tile{H: height, L: level, N: index, W: width}
	if parts[3] != "" {
		tile.W, _ = strconv.Atoi(parts[3])
	}
	sound := levelErr == nil && indexErr == nil && level < 8 && tile.W > 0 && tile.W <= width
	return tile, sound && levelPath(tile) == name
}

func levelPath(tile tlog.Tile) string {
	return strconv.Itoa(tile.L) + "/" + indexPath(tile.N, tile.W)
}

func indexPath(index int64, count int) string {
	path := fmt.Sprintf("%03d", index%1000)
	for index /= 1000; index > 0; index /= 1000 {
		path = fmt.Sprintf("x%03d/%s", index%1000, path)
	}
	if count < width {
		path += ".p/" + strconv.Itoa(count)
	}
	return path
}

// tiles reads the tiles of a directory; a wider one may stand in for one that is not there.
type tiles string

func (t tiles) Height() int { return height }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	contents := make([][]byte, len(wanted))
	for i, tile := range wanted {
		content, err := t.read(tile)
		if err != nil {
			return nil, err
		}
		contents[i] = content
	}
	return contents, nil
}

func (t tiles) read(tile tlog.Tile) ([]byte, error) {
	for stand := tile; stand.W <= width; stand.W++ {
		content, err := os.ReadFile(filepath.Join(string(t), "tile", levelPath(stand)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && len(content) != stand.W*tlog.HashSize {
			err = fmt.Errorf("%s has %d bytes", levelPath(stand), len(content))
		}
		if err != nil {
			return nil, err
		}
		return content[:tile.W*tlog.HashSize], nil
	}
	return nil, fmt.Errorf("tile %s is missing", levelPath(tile))
}

// walk does what a client of the log does, which has the checkpoint and the tiles only: it proves records, and that older trees are
// the beginning of this one. Of a large log it takes samples.
func walk(directory string, now tlog.Tree, records [][]byte) error {
	reader := tlog.TileHashReader(now, tiles(directory))
	for _, tile := range tlog.NewTiles(height, 0, now.N) {
		if _, err := tiles(directory).read(tile); err != nil {
			return err
		}
	}
	step := now.N/500 + 1
	for index := int64(0); index < now.N; index += step {
		proof, err := tlog.ProveRecord(now.N, index, reader)
		if err == nil {
			err = tlog.CheckRecord(proof, now.N, now.Hash, index, tlog.RecordHash(records[index]))
		}
		if err != nil {
			return fmt.Errorf("record %d: %w", index, err)
		}
		if err := proveOlder(now, index+1, reader); err != nil {
			return fmt.Errorf("size %d: %w", index+1, err)
		}
	}
	return nil
}

func proveOlder(now tlog.Tree, size int64, reader tlog.HashReader) error {
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(now.N, size, reader)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, now.N, now.Hash, size, root)
}
