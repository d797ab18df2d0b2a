# Stands in for this stage of compose/Dockerfile: the collector that this machine has compiled for plain processes.
FROM busybox AS collector-build
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY collector /out/collector
