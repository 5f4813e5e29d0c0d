package verify

import (
	"errors"
	"sync"
	"time"
)

// fileLimit is how long reading or writing the key file may take before that is reported. A local
// disk takes milliseconds; a network file system whose server is down takes forever.
const fileLimit = 5 * time.Second

var (
	errSlowRead  = errors.New("the key file cannot be read: no answer within 5 s")
	errSlowWrite = errors.New("the key file cannot be written: no answer within 5 s")
)

// disk keeps keys across a restart: it is a keyFile.
type disk interface {
	load(now time.Time) (map[string]savedDocument, error)
	save(all []savedKeys) error
}

// files reads and writes the key file in separate goroutines, at most one for each, so that a disk
// that hangs delays nobody.
type files struct {
	file    disk // nil: none
	report  func(Event)
	running sync.WaitGroup

	mu      sync.Mutex // guards what follows; no I/O and no callback under it
	reading bool
	writing bool
	next    []savedKeys // to write after what is being written; nil: nothing
	failing bool        // the last attempt failed, which was reported
}

func newFiles(file keyFile, report func(Event)) *files {
	if file.path == "" {
		return &files{report: report}
	}
	return &files{file: file, report: report}
}

// load reads the file and calls done with what is in it; first with nothing if that takes longer
// than the limit. It reports whether it has begun to: not if there is no file, or if it is read
// already.
func (f *files) load(done func(map[string]savedDocument)) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil || f.reading {
		return false
	}
	f.reading = true
	f.running.Go(func() {
		late := time.AfterFunc(fileLimit, func() { f.ended(errSlowRead); done(nil) })
		saved, err := f.file.load(time.Now())
		late.Stop()
		f.mu.Lock()
		f.reading = false
		f.mu.Unlock()
		if err != nil || saved != nil {
			f.ended(err)
		}
		done(saved)
	})
	return true
}

// save writes keys into the file, or later if it is being written.
func (f *files) save(keys []savedKeys) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.next = keys; f.writing {
		return
	}
	f.writing = true
	f.running.Go(func() {
		for all := f.take(); all != nil; all = f.take() {
			late := time.AfterFunc(fileLimit, func() { f.ended(errSlowWrite) })
			err := f.file.save(all)
			late.Stop()
			f.ended(err)
		}
	})
}

// take returns what is to be written next, nil if nothing is.
func (f *files) take() []savedKeys {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := f.next
	f.next, f.writing = nil, next != nil
	return next
}

// ended reports an attempt that failed, once until one works: a disk that stays full is one event.
func (f *files) ended(err error) {
	f.mu.Lock()
	told := f.failing
	f.failing = err != nil
	f.mu.Unlock()
	if err != nil && !told {
		f.report(Event{Kind: EventKeyFileFailed, Time: time.Now().Round(0), Err: err})
	}
}
