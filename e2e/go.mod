module conversation_exporter/e2e

go 1.26.0
