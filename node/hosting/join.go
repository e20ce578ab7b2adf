package hosting

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/node/directory"
	"github.com/topnetwork/top/node/shard"
)

// join the halves of a shard that goes on from two. Both nodes have left theirs on this host, or one has, and the other's is asked for.
func (h Heirs) join(ctx context.Context, b Birth) error {
	first, err := main{ctx: h.Main}.firstCommittee(ctx, b.Shard.Name)
	if err != nil {
		return err
	}
	if first == nil {
		return fmt.Errorf("%w: the main chain does not keep the first committee of %s any more", ErrOrigin, b.Shard.Name)
	}
	part := filepath.Join(b.Home, "fetched")
	defer func() { _ = os.RemoveAll(part) }()
	var folders [2]string
	for i, p := range b.Parents {
		record, err := main{ctx: h.Main}.shard(ctx, p.ChainID)
		if err != nil {
			return err
		}
		if folders[i], err = halfOf(ctx, p, shard.Whole(p.Home), record.Shard.FinalRoot, filepath.Join(part, p.ChainID)); err != nil {
			return fmt.Errorf("%w: half of %s: %w", ErrOrigin, p.ChainID, err)
		}
	}
	config := filepath.Join(b.Home, "config")
	if err := shard.Join(folders, membersOf(first), config); err != nil {
		return fmt.Errorf("%w: %w", ErrOrigin, err)
	}
	return nil
}

// halfOf a parent: the folder on this host, or what other hosts give into another one. Its accounts must be those with which the main chain says the parent has ended; of a frozen one it does not say.
func halfOf(ctx context.Context, p Parent, folder string, finalRoot []byte, into string) (string, error) {
	if checkHalf(folder, finalRoot) == nil {
		return folder, nil
	}
	if len(p.Sources) == 0 {
		return "", errors.Join(checkHalf(folder, finalRoot), errors.New("no other host is known that could give it; the parent's node leaves it when it has made the block after its last one: let it run"))
	}
	return into, fetchHalf(ctx, p, finalRoot, into)
}

// checkHalf in a folder.
func checkHalf(folder string, finalRoot []byte) error {
	doc, err := shard.Half(folder)
	if err != nil {
		return err
	}
	root, err := shardchain.InheritedRoot(doc.AppState)
	if err == nil && len(finalRoot) > 0 && !bytes.Equal(root, finalRoot) {
		err = fmt.Errorf("%s has accounts with the root %X, the main chain says that the shard has ended with %X", folder, root, finalRoot)
	}
	return err
}

// fetchHalf from the hosts that have it. Of the state beside the accounts the main chain knows nothing: what more than half of those say that have the accounts is taken, for what a single one says would be its word alone.
func fetchHalf(ctx context.Context, p Parent, finalRoot []byte, into string) error {
	ctx, cancel := context.WithTimeout(ctx, fetchIn)
	defer cancel()
	says := map[string][]string{}
	answers := 0
	var failed error
	for i, base := range p.Sources {
		dir := filepath.Join(into, fmt.Sprint(i))
		err := os.MkdirAll(dir, 0o700)
		if err == nil {
			err = directory.Fetch(ctx, base, p.ChainID, directory.Half+directory.Genesis, filepath.Join(dir, directory.Genesis), maxGenesis)
		}
		if err == nil {
			err = checkHalf(dir, finalRoot)
		}
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		answers++
		key, err := hashOf(dir)
		if err != nil {
			return err
		}
		says[key] = append(says[key], base)
		if err := os.Rename(filepath.Join(dir, directory.Genesis), filepath.Join(into, key)); err != nil {
			return err
		}
	}
	needed := answers
	if len(finalRoot) == 0 {
		// Nothing tells the right accounts: who is fast must not decide.
		needed = len(p.Sources)
	}
	for key, bases := range says {
		if 2*len(bases) <= needed {
			continue
		}
		if err := os.Rename(filepath.Join(into, key), filepath.Join(into, directory.Genesis)); err != nil {
			return err
		}
		for _, base := range bases {
			err := directory.Fetch(ctx, base, p.ChainID, directory.Half+directory.Accounts, filepath.Join(into, directory.Accounts), maxAccounts)
			if err == nil {
				return nil
			}
			failed = errors.Join(failed, err)
		}
	}
	return errors.Join(errors.New("no state was given by more than half of the hosts that have the accounts; asked again later"), failed)
}

// hashOf what a half's genesis says: the state, and with which block it goes on.
func hashOf(dir string) (string, error) {
	doc, err := shard.Half(dir)
	if err != nil {
		return "", err
	}
	var state bytes.Buffer
	if err := json.Compact(&state, doc.AppState); err != nil {
		return "", err
	}
	_, _ = fmt.Fprint(&state, doc.InitialHeight, doc.GenesisTime.UnixNano())
	return fmt.Sprintf("%x", sha256.Sum256(state.Bytes())), nil
}
