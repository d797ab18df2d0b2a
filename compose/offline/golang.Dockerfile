# Stands in for golang where no registry can be reached: the host's Go. For build stages only.
ARG BASE
FROM ${BASE}
COPY go /usr/local/go
ENV PATH=/usr/local/go/bin:${PATH} \
    GOPATH=/go \
    GOTOOLCHAIN=local \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
CMD ["go", "version"]
