// Package recipes has the recipes of docs/recipes.md, a package for each client.
package recipes
