package web

import (
	"net/http"
	"net/http/pprof" // What it does to the default mux nobody sees, as that is not served.
)

// profilingPath is where the pages of pprof are, if they are.
const profilingPath = "/debug/pprof/"

// profile adds the pages of pprof.
func profile(mux *http.ServeMux) {
	mux.HandleFunc("GET "+profilingPath, pprof.Index)
	mux.HandleFunc("GET "+profilingPath+"cmdline", pprof.Cmdline)
	mux.HandleFunc("GET "+profilingPath+"profile", pprof.Profile)
	mux.HandleFunc("GET "+profilingPath+"symbol", pprof.Symbol)
	mux.HandleFunc("GET "+profilingPath+"trace", pprof.Trace)
}
