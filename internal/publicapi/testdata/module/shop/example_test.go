package shop_test

import (
	"fmt"

	"example.com/module/shop"
)

func ExampleNew() {
	b := shop.New()
	b.Add(shop.Order{}) // at New, not at Basket
	fmt.Println(shop.Used().Len())
	// Output: 0
}

func ExampleBasket() {
	b := shop.Used()
	b.Add(shop.Order{ID: 1})
	fmt.Println(b)
	// Output: basket
}

func ExampleBasket_Len() {
	fmt.Println(shop.New().Len())
}

// Names shop.Open and does not call what is named so in the package.
func ExampleOpen() {
	Open := func() {}
	Open()
	// Output:
}
