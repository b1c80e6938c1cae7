package config_test

import (
	"fmt"
	"time"

	"github.com/mainstem/mainstem/platform/config"
)

func ExampleLoad() {
	type settings struct {
		Listen   string          `yaml:"listen"`
		Deadline config.Duration `yaml:"deadline"`
	}
	defaults := settings{Listen: ":8080", Deadline: config.Duration(5 * time.Second)}

	got, err := config.Load("", []string{"MAINSTEM_DEADLINE=2s"}, defaults)
	fmt.Println(got.Listen, got.Deadline, err)

	_, err = config.Load("", []string{"MAINSTEM_DEADLIN=2s"}, defaults)
	fmt.Println(err)
	// Output:
	// :8080 2s <nil>
	// MAINSTEM_DEADLIN: there is no such setting: did you mean MAINSTEM_DEADLINE?
}
