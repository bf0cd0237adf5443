module example.com/gradients

go 1.21
