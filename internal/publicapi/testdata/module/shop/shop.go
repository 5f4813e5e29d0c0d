// Package shop has names with examples and without.
package shop

import "errors"

type Order struct{ ID int }

// Basket embeds what a reader does not see.
type Basket struct{ lines }

type lines struct{ n int }

func (l *lines) Add(Order) { l.n++ }

func New() *Basket { return &Basket{} }

func Used() *Basket { return New() }

func (b *Basket) Empty() { b.n = 0 }

func (b *Basket) Len() int { return b.n }

func (b *Basket) String() string { return "basket" }

type Unused struct{}

func Open() error { return errors.New("closed") }

func Close() {}
