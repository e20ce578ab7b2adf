package edge

import (
	"errors"
	"fmt"

	cmtquery "github.com/cometbft/cometbft/libs/pubsub/query"
	"github.com/cometbft/cometbft/libs/pubsub/query/syntax"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

const (
	// maxQuery bytes of a search, and maxConditions in it, as shards have them.
	maxQuery, maxConditions = 512, 4
	// defaultPage and maxPage results of one answer, as shards have them.
	defaultPage, maxPage = 30, 100
	// maxMerged results of each shard are gathered for one page of many shards.
	maxMerged = 1000
)

// scope of a search.
type scope struct {
	// shards that can have what is looked for: those of the accounts that the search names, or all.
	shards []*shard
	// recipient whose payments alone are looked for: some of them were executed in other shards.
	recipient string
}

// searched by a query. A transaction is in its sender's shard, whoever is paid.
func (v view) searched(query string) (sc scope, err error) {
	if len(query) > maxQuery {
		return sc, fmt.Errorf("a query of %d bytes, at most %d", len(query), maxQuery)
	}
	q, err := cmtquery.New(query)
	if err != nil {
		return sc, err
	}
	conditions := q.Syntax()
	if len(conditions) > maxConditions {
		return sc, fmt.Errorf("a query of %d conditions, at most %d", len(conditions), maxConditions)
	}
	var sender, recipient *shard
	var whose lattice.Address
	for _, c := range conditions {
		if c.Op != syntax.TEq || c.Arg == nil {
			continue // A shard says what it takes.
		}
		at := &sender
		switch c.Tag {
		case "message.sender", "transfer.sender":
		case "transfer.recipient":
			at = &recipient
		default:
			continue
		}
		a, err := sendtx.Address(c.Arg.Value())
		if err != nil {
			return sc, err
		}
		s, err := v.of(a)
		if err != nil {
			return sc, err
		}
		if *at != nil && (*at).name != s.name {
			return sc, errors.New("the search names several senders, or several recipients, of different shards: no transaction has more than one")
		}
		*at = s
		if at == &sender || sender == nil {
			whose = a
		}
		if len(conditions) == 1 && c.Tag == "transfer.recipient" && v.only == "" {
			sc.recipient = c.Arg.Value()
		}
	}
	one := sender
	if one == nil {
		one = recipient
	}
	if one != nil {
		sc.shards = append([]*shard{one}, v.pastOf(one, whose)...)
		return sc, nil
	}
	all, err := v.list()
	sc.shards = append(all, v.past(all)...)
	return sc, err
}

// page of results, the first is 1.
type page struct{ number, size int }

// pageOf what was asked for; 0 is the default.
func pageOf(number, size int) (page, error) {
	if size <= 0 {
		size = defaultPage
	}
	p := page{max(number, 1), min(size, maxPage)}
	if p.number > maxMerged/p.size {
		return p, fmt.Errorf("page %d of %d results: of several shards, or of one and those that it comes from, at most %d are found; search by a hash, a height, or a sender", number, p.size, maxMerged)
	}
	return p, nil
}

// upTo the end of the page all results of one shard are asked for, for another's may come before them. The function asks for a page and tells how many results it had.
func (p page) upTo(ask func(number, size int) (int, error)) error {
	for number := 1; (number-1)*maxPage < p.number*p.size; number++ {
		n, err := ask(number, maxPage)
		if err != nil || n < maxPage {
			return err
		}
	}
	return nil
}

// cut a page out of all results.
func cut[T any](results []T, p page) []T {
	first := min((p.number-1)*p.size, len(results))
	return results[first:min(first+p.size, len(results))]
}
