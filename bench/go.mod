module github.com/seed-ac726066/aztoken/bench

go 1.26.0

replace github.com/seed-ac726066/aztoken => ../

require github.com/stretchr/testify v1.12.1

require go.yaml.in/yaml/v3 v3.0.5 // indirect
