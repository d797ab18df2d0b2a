# What prom/node-exporter is upstream, around the binary that servers/node_exporter builds.
FROM busybox:1.35.0-glibc
COPY node_exporter /bin/
USER nobody
EXPOSE 9100
ENTRYPOINT ["/bin/node_exporter"]
