package authn_test

import (
	"context"
	"fmt"

	"github.com/mainstem/mainstem/platform/authn"
)

func ExampleNew() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	verifier, err := authn.New(ctx, authn.Options{
		Issuer: "https://issuer.example", Audience: "mainstem", StaticKey: []byte("a secret of more than thirty-two bytes"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = verifier.Verify(ctx, "not.a.token")
	fmt.Println(err)
	// Output: UNAUTHENTICATED: The token is not valid.
}

func ExampleFrom() {
	ctx := authn.With(context.Background(), authn.Caller{Issuer: "https://issuer.example", Subject: "customer-7", Scopes: []string{"orders:read"}})
	caller, ok := authn.From(ctx)
	fmt.Println(caller.Subject, ok, caller.HasScopes("orders:read"))
	// Output: customer-7 true true
}
