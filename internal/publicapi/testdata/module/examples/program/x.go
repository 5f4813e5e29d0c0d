package program
