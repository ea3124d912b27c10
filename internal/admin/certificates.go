package admin

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"sterling/proxy"
)

// Certificates is what an operator can ask about certificates. [*proxy.Server]
// answers.
type Certificates interface {
	Certificates() []proxy.CertificateReport
	RenewCertificate(name string) error
	RevokeCertificate(ctx context.Context, name string) error
}

// certificatePath is where orders about a certificate are posted to.
const certificatePath = "/api/v1/certificates/{name}/{order}"

func (h *handler) certificates(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, h.door.Certificates())
}

func (h *handler) certificate(w http.ResponseWriter, r *http.Request) {
	var err error
	name := strings.ToLower(r.PathValue("name"))
	switch order := r.PathValue("order"); order {
	case "renew":
		err = h.door.RenewCertificate(name)
	case "revoke":
		err = h.door.RevokeCertificate(r.Context(), name)
	default:
		refuse(w, &Refusal{Status: http.StatusNotFound, Problem: fmt.Sprintf("unknown order %q", order), Hint: "orders: renew revoke"})
		return
	}
	if err != nil {
		refuse(w, refusalFor(err))
		return
	}
	all := h.door.Certificates()
	i := slices.IndexFunc(all, func(c proxy.CertificateReport) bool { return c.Source == "acme" && slices.Contains(c.Names, name) })
	if i < 0 {
		refuse(w, &Refusal{Problem: fmt.Sprintf("%q was taken off the list meanwhile", name)})
		return
	}
	answer(w, http.StatusOK, all[i])
}
