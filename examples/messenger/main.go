// Messenger is the smallest client: it prints its contact, sends "CONTACT TEXT" lines from the keyboard, encrypted and
// paid for, and prints what arrives.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/topnetwork/top/sdk"
)

func main() {
	var cfg sdk.Config
	cfg.Flags(flag.CommandLine)
	flag.Parse()
	ctx := context.Background()
	client := must(sdk.Open(ctx, cfg))
	fmt.Println("my account, send it coins:", client.Address())
	must(0, client.EnsureCredit(ctx, 1_000_000))
	me := must(client.Messenger(ctx))
	fmt.Println("my contact, pass it on:", me.Contact())
	go func() {
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			to, text, _ := strings.Cut(lines.Text(), " ")
			fmt.Println(me.Send(ctx, to, text))
		}
	}()
	for message := range me.Receive(ctx) {
		fmt.Println(message)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
