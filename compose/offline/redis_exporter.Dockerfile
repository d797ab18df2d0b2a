# What oliver006/redis_exporter is upstream, around Debian's program and its libraries; busybox stands in for Alpine.
FROM busybox:1.35.0-glibc
COPY root /
USER 59000:59000
EXPOSE 9121
ENTRYPOINT ["/redis_exporter"]
