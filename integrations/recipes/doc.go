// Package recipes contains the recipes of docs/recipes.md, one package for each client.
package recipes
