package strictjson

import (
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// embedding is of a kind that no contract becomes: the library reads it.
type embedding struct {
	price
	Text string `json:"text"`
}

type quoting struct {
	N int `json:"n,string"`
}

func TestForeignTypesAreTheLibrarys(t *testing.T) {
	t.Parallel()
	var e embedding
	if err := Unmarshal(`{"amount":3,"text":"x"}`, &e); err != nil || e.Amount != 3 || e.Text != "x" {
		t.Errorf("got %+v, %v", e, err)
	}
	var q quoting
	if err := Unmarshal(`{"n":"3"}`, &q); err != nil || q.N != 3 {
		t.Errorf("got %+v, %v", q, err)
	}
	var byNumber map[int]string
	if err := Unmarshal(`{"3":"x"}`, &byNumber); err != nil || byNumber[3] != "x" {
		t.Errorf("got %v, %v", byNumber, err)
	}
}

// TestManyMembers: the sets of members that an object has seen grow with it.
func TestManyMembers(t *testing.T) {
	t.Parallel()
	fields := make([]reflect.StructField, 300)
	members := make([]string, len(fields))
	for i := range fields {
		n := strconv.Itoa(i)
		fields[i] = reflect.StructField{Name: "F" + n, Type: reflect.TypeFor[int](), Tag: reflect.StructTag(`json:"f` + n + `"`)}
		members[i] = `"f` + n + `":` + n
	}
	b := builder{made: map[reflect.Type]*shape{}}
	typ := reflect.StructOf(fields)
	root := b.slot(typ)
	read := func(members []string) (reflect.Value, *misfit) {
		v := reflect.New(typ).Elem()
		r := reader{scanner: scanner{data: "{" + strings.Join(members, ",") + "}"}, hints: b.hints}
		return v, r.value(root, v)
	}
	v, wrong := read(members)
	if wrong != nil {
		t.Fatal(wrong)
	}
	for i := range fields {
		if v.Field(i).Int() != int64(i) {
			t.Errorf("f%d is %d", i, v.Field(i).Int())
		}
	}
	for _, without := range []int{0, 63, 64, 299} {
		rest := append(append([]string{}, members[:without]...), members[without+1:]...)
		if _, wrong := read(rest); wrong == nil || !strings.Contains(wrong.Error(), `"f`+strconv.Itoa(without)+`" is required`) {
			t.Errorf("without f%d: got %v", without, wrong)
		}
		if _, wrong := read(append(append([]string{}, members...), members[without])); wrong == nil || !strings.Contains(wrong.Error(), "duplicate") {
			t.Errorf("f%d twice: got %v", without, wrong)
		}
	}
}
